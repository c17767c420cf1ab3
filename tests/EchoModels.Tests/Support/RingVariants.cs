using EchoModels.Connections;
using EchoModels.EventLoops;
using EchoModels.IoUring;
using EchoModels.Kernel;
using EchoModels.Models;
using EchoModels.Posix;
using Xunit;

namespace EchoModels.Tests.Support;

/// <summary>Rings with too few of everything, rings set up as older kernels allow, and several rings.</summary>
/// <remarks>There are no calls to inject faults into: these rings make the kernel return them.</remarks>
internal static class RingVariants
{
    /// <summary>The ring that the model uses.</summary>
    public const string Usual = "as the model uses it";

    /// <summary>Several of those rings.</summary>
    public const string Three = "three";

    /// <summary>A flag that no kernel knows.</summary>
    public const uint Impossible = 1U << 31;

    private static readonly RingSettings Good = new() { Multishot = RingSupport.HasLimitedMultishot(new LinuxKernel(new CallCounters())) };

    private static readonly Dictionary<string, RingSettings> Settings = new()
    {
        [Usual] = Good,
        ["few submissions"] = Good with { Submissions = 1, Completions = 4096 },
        ["few completions"] = Good with { Submissions = 2, Completions = 2 },
        ["few buffers"] = Good with { Buffers = 2 },
        ["one buffer"] = Good with { Buffers = 1 },
        ["few of everything"] = Good with { Submissions = 2, Completions = 2, Buffers = 2 },
        ["one receive at a time"] = new RingSettings(),
        ["one receive at a time, few of everything"] = new RingSettings { Submissions = 2, Completions = 2, Buffers = 2 },
        ["interrupting"] = Good with { SetupFlags = [0] },
        ["second choice of flags"] = Good with { SetupFlags = [Impossible, Uring.IORING_SETUP_COOP_TASKRUN] },
        ["spinning"] = Good with { Spin = TimeSpan.FromMilliseconds(2) },
        [Three] = Good,
        [$"{Three}, few of everything"] = Good with { Submissions = 2, Completions = 2, Buffers = 2 },
        [$"{Three}, spinning"] = Good with { Spin = TimeSpan.FromMilliseconds(2) },
    };

    public static TheoryData<string> Names => RingSupport.UnavailableReason() is null ? [.. Settings.Keys] : [];

    public static ModelRow Row(string name) => new($"io-uring, {name}", "", "", "", () => null, _ => Create(name));

    private static IEchoServer Create(string name)
    {
        IEventLoop New(SocketSet sockets) => new UringProactor(sockets, new Ring(Settings[name], sockets.Kernel.Linux!, sockets.Policy.Reply));
        return name.StartsWith(Three, StringComparison.Ordinal) ? new MultiLoopServer(3, New) : new EventLoopServer(New);
    }
}
