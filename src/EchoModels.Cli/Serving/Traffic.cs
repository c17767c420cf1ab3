using EchoModels.Cli.CommandLine;
using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.Cli.Serving;

/// <summary>What was received and sent: by the server itself, of which all is counted, and by its children, whose bytes the kernel has counted.</summary>
/// <param name="Own">Receives of the server itself that brought bytes.</param>
/// <param name="Bytes">Bytes received and sent, those of the children included.</param>
/// <param name="ByChildren">Bytes that children received and sent.</param>
internal sealed record Traffic(long Own, ByteCount Bytes, ByteCount ByChildren)
{
    /// <summary>The messages of all, if that is known: it is not counted in how many pieces a child received its bytes.</summary>
    public long? Messages => ByChildren.In > 0 ? null : Own;

    /// <summary>Until now.</summary>
    public static Traffic Take(HostServices services) => Of(services.Counters.Read(), services.Children.Traffic.Total);

    /// <summary>The traffic of these calls and of the children.</summary>
    public static Traffic Of(CallTotals calls, ByteCount byChildren) =>
        new(calls[Counter.Message], byChildren + new ByteCount(calls[Counter.ByteIn], calls[Counter.ByteOut]), byChildren);

    /// <summary>Since an earlier one.</summary>
    public Traffic Since(Traffic before) => new(Own - before.Own, Bytes - before.Bytes, ByChildren - before.ByChildren);

    /// <summary>The messages in words.</summary>
    /// <param name="all">Those of all; null if they are not known.</param>
    /// <param name="own">Those of the server itself.</param>
    public static string MessagesInWords(long? all, long own) => all is null
        ? $"{Quantity.Of(own, "message")} besides those of child processes (not known)"
        : Quantity.Of(all.Value, "message");

    public override string ToString() => $"{MessagesInWords(Messages, Own)}, {Quantity.Of(Bytes.In, "byte")} in, {Quantity.Of(Bytes.Out, "byte")} out";
}
