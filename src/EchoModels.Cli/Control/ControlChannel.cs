using System.Net;

namespace EchoModels.Cli.Control;

/// <summary>The control sockets of one server, one for each port; a socket that is removed is opened again.</summary>
/// <remarks>Cleaners of temporary directories remove sockets that look old, and the whole directory with them.</remarks>
internal sealed class ControlChannel : IDisposable
{
    /// <summary>How long to wait before a socket that could not be opened again is tried anew.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(5);

    private readonly IPEndPoint[] _endPoints;
    private readonly ControlServer?[] _servers;
    private readonly Func<string, IEnumerable<string>> _answer;
    private readonly Action<string> _warn;
    private readonly Lock _gate = new();
    private readonly ManualResetEvent _ended = new(false);
    private bool _isEnding;

    /// <param name="endPoints">Where the server listens.</param>
    /// <param name="answer">Makes the lines that answer a request; called on several threads.</param>
    /// <param name="warn">Takes the lines about what has failed, or was mended.</param>
    public ControlChannel(IEnumerable<IPEndPoint> endPoints, Func<string, IEnumerable<string>> answer, Action<string> warn)
    {
        _endPoints = [.. endPoints];
        _servers = new ControlServer?[_endPoints.Length];
        (_answer, _warn) = (answer, warn);
    }

    /// <summary>Opens the sockets, and watches them from then on.</summary>
    public void Open()
    {
        for (int i = 0; i < _endPoints.Length; i++)
        {
            if (TryOpen(i, out string refusal))
                continue;

            _warn($"no control socket, so no 'switch', no 'status' and no 'stop' for port {_endPoints[i].Port}: {refusal}");
        }

        if (!OperatingSystem.IsWindows() && _servers.Any(server => server is not null))
            new Thread(Watch) { Name = "control watch", IsBackground = true }.Start();
    }

    /// <summary>Lets another server on the port take over a socket: this one is stopping.</summary>
    public void AllowReplacement()
    {
        lock (_gate)
        {
            _isEnding = true;
            foreach (ControlServer? server in _servers)
                server?.MayBeReplaced = true;
        }
    }

    /// <summary>Closes the sockets; requests being served get their answers.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isEnding = true;
            _ended.Set();
            foreach (ControlServer? server in _servers)
                server?.Dispose();
        }
    }

    private bool TryOpen(int index, out string refusal)
    {
        refusal = "";
        try
        {
            _servers[index] = ControlServer.Open(_endPoints[index], _answer);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            refusal = failure.Message;
            return false;
        }
    }

    /// <summary>Runs on a thread of its own, which sleeps as long as every socket is in its place.</summary>
    private void Watch()
    {
        while (true)
        {
            ControlServer?[] before = [.. _servers];
            using PathWatch watch = PathWatch.On(before.Where(server => server is { IsClosed: false })
                .SelectMany(server => new[] { server!.Path, Path.GetDirectoryName(server.Path)! }).Distinct());
            bool isWhole = MendAll(); // after the watch has begun, so that nothing is missed
            lock (_gate)
            {
                if (_isEnding)
                    return;
            }

            if (!isWhole)
                _ended.WaitOne(RetryInterval);
            else if (before.SequenceEqual(_servers))
                watch.Wait(_ended);
        }
    }

    /// <summary>Opens what was lost.</summary>
    /// <returns>Whether every socket is in its place.</returns>
    private bool MendAll()
    {
        bool isWhole = true;
        for (int i = 0; i < _servers.Length; i++)
        {
            lock (_gate)
                isWhole &= _isEnding || _servers[i] is null || Mend(i);
        }

        return isWhole;
    }

    private bool Mend(int index)
    {
        ControlServer server = _servers[index]!;
        if (!server.IsClosed && server.WhyLost is not { } reason)
            return true;

        reason = server.WhyLost ?? "";
        bool isFirstTime = !server.IsClosed;
        server.Dispose();
        if (TryOpen(index, out string refusal))
            _warn($"{(isFirstTime ? $"{reason}: " : "")}the control socket is open again, in {_servers[index]!.Path}");
        else if (isFirstTime)
            _warn($"{reason}, and no control socket can be opened: {refusal}; until that is mended there is no 'switch', no 'status' and no 'stop'");

        return !_servers[index]!.IsClosed;
    }
}
