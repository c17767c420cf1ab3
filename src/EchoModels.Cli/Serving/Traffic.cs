using System.Globalization;
using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.Cli.Serving;

/// <summary>What was received and sent: by the server itself, of which everything is known, and by its children, of whom the kernel has counted the bytes.</summary>
/// <param name="Own">Receives of the server itself that brought bytes.</param>
/// <param name="Bytes">Bytes received and sent, those of the children included.</param>
/// <param name="ByChildren">Bytes that children received and sent.</param>
internal sealed record Traffic(long Own, ByteCount Bytes, ByteCount ByChildren)
{
    /// <summary>The messages of all, if that is known: nobody counts in how many pieces a child received its bytes.</summary>
    public long? Messages => ByChildren.In > 0 ? null : Own;

    /// <summary>Until now.</summary>
    public static Traffic Take(CallCounters counters, SocketSet sockets)
    {
        ByteCount children = sockets.Children.Traffic.Total;
        return new Traffic(counters[Counter.Message], children + new ByteCount(counters[Counter.ByteIn], counters[Counter.ByteOut]), children);
    }

    /// <summary>Since an earlier one.</summary>
    public Traffic Since(Traffic before) => new(Own - before.Own, Bytes - before.Bytes, ByChildren - before.ByChildren);

    /// <summary>The messages in words.</summary>
    /// <param name="all">Those of all; null if they are not known.</param>
    /// <param name="own">Those of the server itself.</param>
    public static string MessagesInWords(long? all, long own) => all is null
        ? string.Create(CultureInfo.InvariantCulture, $"{own} messages besides those of child processes (not known)")
        : string.Create(CultureInfo.InvariantCulture, $"{all} messages");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{MessagesInWords(Messages, Own)}, {Bytes.In} bytes in, {Bytes.Out} bytes out");
}
