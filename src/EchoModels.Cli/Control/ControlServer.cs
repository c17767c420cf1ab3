using System.Net.Sockets;
using System.Text;

namespace EchoModels.Cli.Control;

/// <summary>Answers one line with one line of JSON on a Unix-domain socket, for <c>switch</c> and <c>status</c>.</summary>
/// <remarks>
/// A line may be <see cref="LongestLine"/> bytes long and take <see cref="MostMilliseconds"/> to come; whoever sends more, or
/// slower, is cut off. The calls are plain blocking ones, each receive with a look at its <see cref="Readiness"/> before.
/// </remarks>
internal sealed class ControlServer : IDisposable
{
    public const int LongestLine = 1024;
    public const int MostMilliseconds = 2_000;
    private const int MostVisitors = 16;

    /// <summary>What a server that has just taken the port says to one that stops, and has left it: the place is wanted.</summary>
    private const string Leave = "leave";

    private readonly Socket _listener;
    private readonly Func<string, string> _answer;
    private readonly SemaphoreSlim _places = new(MostVisitors);
    private readonly ManualResetEventSlim _closed = new();
    private readonly string _path;
    private int _left;

    private ControlServer(Socket listener, string path, Func<string, string> answer)
    {
        _listener = listener;
        _path = path;
        _answer = answer;
        new Thread(Welcome) { Name = "control", IsBackground = true }.Start();
    }

    /// <summary>Whether it leaves its place to another server that asks for it.</summary>
    public bool MayBeReplaced { get; set; }

    /// <summary>Opens the control socket of a port.</summary>
    /// <param name="port">The server's port.</param>
    /// <param name="answer">Makes the answer to a line; called on several threads.</param>
    /// <exception cref="IOException">No directory for it, or another server has it; the message says which.</exception>
    public static ControlServer Open(int port, Func<string, string> answer)
    {
        string path = ControlDirectory.Prepare(port);

        // One server after the other: a socket that is bound, and does not listen yet, looks like one that was left behind.
        using IDisposable turn = ControlDirectory.TryLock(path, MostMilliseconds * 2)
            ?? throw new IOException($"{path}: another server is opening one there, and does not come to an end");

        Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            Vacate(path);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);

            listener.Listen(MostVisitors);
            return new ControlServer(listener, path, answer);
        }
        catch (Exception refusal) when (refusal is SocketException or UnauthorizedAccessException)
        {
            listener.Dispose();
            throw new IOException($"{path}: {refusal.Message}", refusal);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _left, 1) == 1)
            return; // the path may be another server's by now

        _closed.Set();
        File.Delete(_path);
        _listener.Dispose();
    }

    /// <summary>A socket that a killed server left behind refuses connections; a live one accepts them, and may leave when asked.</summary>
    private static void Vacate(string path)
    {
        if (!File.Exists(path))
            return;

        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
            probe.Send(Encoding.UTF8.GetBytes(Leave + "\n"));
            Readiness.Await(probe, TimeSpan.FromMilliseconds(MostMilliseconds));
        }
        catch (SocketException nobody) when (nobody.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressNotAvailable)
        {
            File.Delete(path);
            return;
        }
        catch (SocketException)
        {
            // It hung up on us: it is going, or does not know the word.
        }

        if (File.Exists(path))
            throw new IOException($"another server answers on {path}");
    }

    private void Welcome()
    {
        while (!_closed.IsSet)
        {
            try
            {
                Socket visitor = _listener.Accept();
                _places.Wait();
                Receive(visitor);
            }
            catch (SocketException refusal) when (refusal.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable)
            {
                _closed.Wait(200); // no descriptor is free: let the visitors wait
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private void Receive(Socket visitor)
    {
        try
        {
            new Thread(() => Serve(visitor)) { Name = "visitor", IsBackground = true }.Start();
        }
        catch (OutOfMemoryException)
        {
            Serve(visitor); // the system has no thread to give: the next visitor waits
        }
    }

    private void Serve(Socket visitor)
    {
        try
        {
            using (visitor)
            {
                string? line = ReadLine(visitor);
                if (line == Leave && MayBeReplaced)
                    Dispose();
                else if (line is not null)
                    Send(visitor, Encoding.UTF8.GetBytes(_answer(line) + "\n"));
            }
        }
        catch (Exception gone) when (gone is SocketException or IOException)
        {
            // The visitor has gone; nobody is left to be told. Or no selector is to be had to wait for him in.
        }
        finally
        {
            _places.Release();
        }
    }

    private static string? ReadLine(Socket visitor)
    {
        byte[] line = new byte[LongestLine];
        int length = 0;
        long deadline = Environment.TickCount64 + MostMilliseconds;
        while (length < line.Length)
        {
            long left = deadline - Environment.TickCount64;
            if (left <= 0 || !Readiness.Await(visitor, TimeSpan.FromMilliseconds(left)))
                return null;

            int count = visitor.Receive(line.AsSpan(length));
            if (count == 0)
                return null;

            int end = line.AsSpan(length, count).IndexOf((byte)'\n');
            if (end >= 0)
                return Encoding.UTF8.GetString(line, 0, length + end).TrimEnd('\r');

            length += count;
        }

        return null;
    }

    private static void Send(Socket visitor, ReadOnlySpan<byte> bytes)
    {
        visitor.SendBufferSize = Math.Max(bytes.Length * 2, 8192); // so that the send cannot block on a visitor that does not read
        visitor.Send(bytes);
    }
}
