using System.Net;
using System.Net.Sockets;
using EchoModels.Cli.Posix;

namespace EchoModels.Cli.Control;

/// <summary>Answers requests on a Unix-domain socket, for <c>switch</c>, <c>status</c> and <c>stop</c>: one line in, lines of JSON out.</summary>
/// <remarks>
/// A request may be <see cref="MaxRequestBytes"/> long and must arrive within <see cref="RequestTimeout"/>; a client that sends
/// more, or more slowly, is disconnected. Up to <see cref="MaxClients"/> are served at once, each on a thread of its own with
/// plain blocking calls; as many more wait in the backlog.
/// </remarks>
internal sealed class ControlServer : IDisposable
{
    private const int MaxRequestBytes = 1024;
    private const int MaxClients = 16;

    /// <summary>The request of a server that has just taken the port, to one that is stopping: close the control socket.</summary>
    private const string Leave = "leave";

    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(2);

    /// <summary>How long a client may take to receive one line.</summary>
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(2);

    /// <summary>The pause after a failed accept, when no descriptor is free: the clients wait in the backlog.</summary>
    private static readonly TimeSpan Backoff = TimeSpan.FromMilliseconds(200);

    private readonly LocalSocket _listener;
    private readonly Func<string, IEnumerable<string>> _answer;
    private readonly SemaphoreSlim _freeSlots = new(MaxClients);
    private readonly ManualResetEventSlim _closed = new();
    private readonly FileIdentity? _identity;
    private int _closing;

    private ControlServer(LocalSocket listener, string path, Func<string, IEnumerable<string>> answer)
    {
        _listener = listener;
        Path = path;
        _identity = Identify(path);
        _answer = answer;
        new Thread(AcceptClients) { Name = "control", IsBackground = true }.Start();
    }

    /// <summary>The path of its socket.</summary>
    public string Path { get; }

    /// <summary>Whether it has been closed, or has given its path up to another server.</summary>
    public bool IsClosed => Volatile.Read(ref _closing) == 1;

    /// <summary>Why clients do not find the socket any more; null if they do.</summary>
    public string? WhyLost =>
        System.IO.Path.GetDirectoryName(Path) is { } directory && Directory.Exists(directory) && ControlDirectory.WhyNotOwn(directory) is { } reason ? $"{directory} {reason}"
        : !File.Exists(Path) ? $"{Path} was removed"
        : _identity is not null && Identify(Path) != _identity ? $"{Path} was replaced"
        : null;

    /// <summary>Whether it closes its socket when another server asks for the path.</summary>
    public bool MayBeReplaced { get; set; }

    /// <summary>Opens a control socket.</summary>
    /// <param name="endPoint">Where the server listens.</param>
    /// <param name="answer">Makes the lines that answer a request; called on several threads.</param>
    /// <exception cref="IOException">No directory can be used, or another server has the path; the message says which.</exception>
    public static ControlServer Open(IPEndPoint endPoint, Func<string, IEnumerable<string>> answer)
    {
        IReadOnlyList<string> paths = ControlDirectory.Prepare(endPoint);
        string directory = System.IO.Path.GetDirectoryName(paths[0])!;

        // Servers open their sockets one after the other: one that is bound, and does not listen yet, refuses connections like a stale one.
        using IDisposable directoryLock = ControlDirectory.TryLock(paths[0], new Deadline(RequestTimeout * 2))
            ?? throw new IOException($"{directory}: another server has been opening its socket there for too long");

        string path = paths.FirstOrDefault(TryFree) ?? throw new IOException($"another server answers on {paths[^1]}");
        LocalSocket listener = Listen(path);
        try
        {
            return new ControlServer(listener, path, answer);
        }
        catch (OutOfMemoryException refusal)
        {
            listener.Dispose();
            throw new IOException($"{path}: the system has no thread for it", refusal);
        }
    }

    /// <summary>Deletes the path and ends the accepting thread, which closes the socket; requests being served get their answers.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _closing, 1) == 1)
            return; // the path may be another server's by now

        DeletePath();
        _listener.StopAccepting();
        _closed.Set(); // only now, as the accepting thread then closes the listener
        _freeSlots.Release(); // ends the thread's wait for a slot
    }

    /// <summary>Deletes the path, unless it has been removed, or is another server's by now.</summary>
    private void DeletePath()
    {
        try
        {
            if (File.Exists(Path) && (_identity is null || Identify(Path) == _identity))
                File.Delete(Path);
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            // The directory was taken over; the path that is left behind leads nowhere.
        }
    }

    /// <summary>The socket's device and inode; null where they cannot be had.</summary>
    private static FileIdentity? Identify(string path)
    {
        try
        {
            return OperatingSystem.IsLinux() ? FileIdentity.Of(path) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Makes the path free: deletes a socket that a killed server left behind, asks a server that is stopping to leave.</summary>
    /// <returns>False if another server stays there.</returns>
    private static bool TryFree(string path)
    {
        if (!File.Exists(path))
            return true;

        Deadline deadline = new(RequestTimeout);
        using LocalSocket socket = LocalSocket.Create();
        SocketError error = socket.Connect(path, deadline);
        if (error is SocketError.ConnectionRefused or SocketError.AddressNotAvailable)
        {
            File.Delete(path);
            return true;
        }

        // It answers with the end of the stream when it has left, and with a line when it stays, or does not know the word.
        using LineStream other = new(socket);
        if (error == SocketError.Success && other.WriteLine(Leave, deadline))
            other.ReadLine(MaxRequestBytes, deadline);
        return !File.Exists(path);
    }

    private static LocalSocket Listen(string path)
    {
        LocalSocket listener = LocalSocket.Create();
        try
        {
            listener.Bind(path);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);

            listener.Listen(MaxClients);
            return listener;
        }
        catch (UnauthorizedAccessException refusal)
        {
            listener.Dispose();
            throw new IOException(refusal.Message, refusal);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    private void AcceptClients()
    {
        using LocalSocket listener = _listener;
        while (true)
        {
            _freeSlots.Wait();
            if (_closed.IsSet)
                return;

            if (listener.Accept() is { } client)
            {
                Start(client);
                continue;
            }

            _freeSlots.Release();
            _closed.Wait(Backoff);
        }
    }

    private void Start(LocalSocket client)
    {
        try
        {
            new Thread(() => Serve(client)) { Name = "control client", IsBackground = true }.Start();
        }
        catch (OutOfMemoryException)
        {
            Serve(client); // the system has no thread to give: the next client waits
        }
    }

    private void Serve(LocalSocket client)
    {
        try
        {
            using LineStream lines = new(client);
            string? request = lines.ReadLine(MaxRequestBytes, new Deadline(RequestTimeout));
            if (request == Leave && MayBeReplaced)
                Dispose();
            else if (request is not null)
                SendAnswer(lines, _answer(request));
        }
        catch (IOException)
        {
            // A call was refused, and the client is disconnected.
        }
        finally
        {
            _freeSlots.Release();
        }
    }

    /// <summary>Sends the lines one by one, as they are produced, until the client has gone or does not receive.</summary>
    private static void SendAnswer(LineStream client, IEnumerable<string> answer)
    {
        foreach (string line in answer)
        {
            if (!client.WriteLine(line, new Deadline(SendTimeout)))
                return;
        }
    }
}
