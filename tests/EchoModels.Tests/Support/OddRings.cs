using EchoModels.Connections;
using EchoModels.EventLoops;
using EchoModels.IoUring;
using EchoModels.Kernel;
using EchoModels.Models;
using EchoModels.Posix;
using Xunit;

namespace EchoModels.Tests.Support;

/// <summary>Rings that are short of everything, rings made in the ways of older kernels, and several rings.</summary>
/// <remarks>There are no calls to inject faults into: the ring is made so that the kernel brings them about.</remarks>
internal static class OddRings
{
    /// <summary>The one that is not odd.</summary>
    public const string Usual = "as it should be";

    /// <summary>Several of those.</summary>
    public const string Three = "three";

    /// <summary>A flag that no kernel knows.</summary>
    public const uint Impossible = 1U << 31;

    private static readonly RingSettings Good = new() { Multishot = RingSupport.GrantsLimitedMultishot(new CallCounters()) };

    private static readonly Dictionary<string, RingSettings> Settings = new()
    {
        [Usual] = Good,
        ["few submissions"] = Good with { Submissions = 1, Completions = 4096 },
        ["few completions"] = Good with { Submissions = 2, Completions = 2 },
        ["few buffers"] = Good with { Buffers = 2 },
        ["one buffer"] = Good with { Buffers = 1 },
        ["few of anything"] = Good with { Submissions = 2, Completions = 2, Buffers = 2 },
        ["one receive at a time"] = new RingSettings(),
        ["one receive at a time, few of anything"] = new RingSettings { Submissions = 2, Completions = 2, Buffers = 2 },
        ["interrupting"] = Good with { Ways = [0] },
        ["the second way"] = Good with { Ways = [Impossible, Uring.IORING_SETUP_COOP_TASKRUN] },
        ["spinning"] = Good with { Spin = TimeSpan.FromMilliseconds(2) },
        [Three] = Good,
        [$"{Three}, few of anything"] = Good with { Submissions = 2, Completions = 2, Buffers = 2 },
        [$"{Three}, spinning"] = Good with { Spin = TimeSpan.FromMilliseconds(2) },
    };

    public static TheoryData<string> Names => RingSupport.UnavailableReason() is null ? [.. Settings.Keys] : [];

    public static ModelRow Row(string name) => new($"io-uring, {name}", "", "", "", () => null, context => Create(name, context));

    private static IEchoServer Create(string name, ModelContext context)
    {
        IEventLoop New(SocketSet sockets) => new UringProactor(sockets, new Ring(Settings[name], context.CallCounters, sockets.Reply));
        return name.StartsWith(Three, StringComparison.Ordinal) ? new MultiLoopServer(3, New) : new EventLoopServer(New);
    }
}
