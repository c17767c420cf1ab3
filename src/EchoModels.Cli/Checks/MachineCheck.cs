using System.Net;
using System.Net.Sockets;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Control;
using EchoModels.Connections;
using EchoModels.Kernel;

namespace EchoModels.Cli.Checks;

/// <summary>What a class needs, looked at one after the other; nothing is changed.</summary>
internal static class MachineCheck
{
    private const int UsualColumns = 80;
    private const int UsualLines = 24;

    /// <summary>All lines.</summary>
    /// <param name="ports">The ports that the class will use.</param>
    public static IEnumerable<CheckLine> Run(IReadOnlyList<int> ports)
    {
        IReadOnlyList<RunningServer> servers = ServerFinder.All();
        if (LinuxLimits.IsHere)
        {
            yield return LinuxLimits.Descriptors();
            yield return LinuxLimits.Threads();
            yield return LinuxLimits.Signals();
            yield return LinuxLimits.Tracing();
        }

        foreach (int port in ports)
            yield return Port(port, servers);

        yield return Selector("epoll", "serve --model epoll goes on over the next selector that works; the counts of calls are other ones");
        yield return Selector("io-uring", "show the other models; serve --model io-uring goes on as epoll");
        yield return Models();
        yield return Control();
        yield return Servers(servers);
        yield return Window();
        yield return Colours();
    }

    private static CheckLine Port(int port, IReadOnlyList<RunningServer> servers)
    {
        string name = $"port {port}";
        try
        {
            using CallCountersKernel kernel = new();
            Listener listener = Listener.Open(kernel.System, new IPEndPoint(IPAddress.Loopback, port), 1);
            kernel.System.Close(listener.Socket);
            return CheckLine.Ok(name, "free");
        }
        catch (SocketException refusal) when (refusal.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            RunningServer? own = servers.FirstOrDefault(server => server.Matches(new ServerChoice(port, null)));
            return own is not null
                ? CheckLine.Note(name, $"in use by your server {own.Description}", $"end it with 'echomodels stop --port {port}', or use it")
                : CheckLine.Fix(name, "in use by another program", $"choose another with --port, or find it with 'ss -ltnp sport = :{port}'");
        }
        catch (SocketException refusal)
        {
            return CheckLine.Fix(name, $"cannot be bound: {refusal.SocketErrorCode}", "choose a port from 1024 up with --port");
        }
    }

    private static CheckLine Selector(string model, string advice) => ModelTable.Find(model)!.UnavailableReason() is { } reason
        ? CheckLine.Note(model, $"not available: {reason}", advice)
        : CheckLine.Ok(model, "available");

    private static CheckLine Models()
    {
        ModelRow[] expected = [.. ModelTable.Rows.Where(row => row.IsForThisSystem)];
        string[] missing = [.. expected.Where(row => row.UnavailableReason() is not null).Select(row => row.Name)];
        string finding = $"{expected.Length - missing.Length} of {expected.Length} are available";
        return missing.Length == 0
            ? CheckLine.Ok("models", finding)
            : CheckLine.Note("models", $"{finding}; not {string.Join(", ", missing)}", "the reasons are in 'echomodels models'");
    }

    private static CheckLine Control()
    {
        string[] refusals = [.. ControlDirectory.Refusals()];
        string? directory = ControlDirectory.FirstUsable(out string error);
        return directory is null ? CheckLine.Fix("control", error, "without it there is no switch, no status and no stop: set XDG_RUNTIME_DIR to a directory of yours")
            : refusals.Length > 0 ? CheckLine.Note("control", $"sockets go to {directory}; {string.Join("; ", refusals)}", "remove it, if it is none of yours")
            : CheckLine.Ok("control", $"sockets go to {directory}");
    }

    private static CheckLine Servers(IReadOnlyList<RunningServer> servers) => servers.Count == 0
        ? CheckLine.Ok("servers", "none of yours runs")
        : CheckLine.Note("servers", string.Join("; ", servers.Select(server => server.Description)), "end them with 'echomodels stop'");

    private static CheckLine Window()
    {
        if (Console.IsOutputRedirected)
            return CheckLine.Note("terminal", "output goes to no terminal", "run it in the terminal that the class will see");

        (int columns, int lines) = (Console.WindowWidth, Console.WindowHeight);
        string size = $"{columns} columns, {lines} lines";
        return columns < UsualColumns || lines < UsualLines
            ? CheckLine.Note("terminal", size, $"{UsualColumns} by {UsualLines} shows everything; a smaller font helps")
            : CheckLine.Ok("terminal", size);
    }

    private static CheckLine Colours() => Colour.IsFor(Console.IsOutputRedirected)
        ? CheckLine.Ok("colours", "on")
        : CheckLine.Note("colours", "off", Console.IsOutputRedirected ? "a file or a pipe gets none" : "unset NO_COLOR, and set TERM, for instance to xterm-256color");

    /// <summary>A kernel for one call.</summary>
    private sealed class CallCountersKernel : IDisposable
    {
        public IKernel System { get; } = SystemKernel.Open(new CallCounters());

        public void Dispose() => System.Dispose();
    }
}
