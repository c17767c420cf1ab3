using System.IO.Pipes;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Principal;
using EchoModels.Cli.Windows;

namespace EchoModels.Cli.Control;

/// <summary>The named pipe of Windows, where sockets of the Unix domain may be missing: what such a socket does, on a pipe of this user.</summary>
/// <remarks>
/// The path is a small file with the pipe's name in it, so that a path is found, deleted and left behind by a killed server as everywhere
/// else. The name is random, so no other program can have made a pipe of that name before; both ends are for the current user only
/// (<see cref="PipeOptions.CurrentUserOnly"/>). A listener always has one instance of the pipe that waits for a client; the system has no
/// backlog, so a client that finds the instance taken asks again until its deadline.
/// </remarks>
internal sealed class NamedPipe : LocalSocket
{
    private const string Prefix = "echomodels-";
    private const PipeOptions Options = PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly;

    /// <summary>The room for bytes on their way, in bytes: without it, each send would wait for the peer's receive.</summary>
    private const int RoomForBytes = 64 * 1024;

    /// <summary>The longest wait for a free instance before the deadline is looked at again, in milliseconds.</summary>
    private const uint PollInterval = 50;

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private string? _name;
    private NamedPipeServerStream? _waiting;
    private PipeStream? _connected;
    private byte[] _received = [];

    public NamedPipe()
    {
    }

    private NamedPipe(PipeStream connected) => _connected = connected;

    /// <summary>Writes the file with the name; the pipe itself is made by <see cref="Listen"/>.</summary>
    public override void Bind(string path)
    {
        string name = Prefix + Guid.NewGuid().ToString("N");
        try
        {
            using StreamWriter file = new(new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read));
            file.Write(name);
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"bind {path}: {refusal.Message}", refusal);
        }

        _name = name;
    }

    public override void Listen(int backlog)
    {
        try
        {
            _waiting = NewInstance(_name ?? throw new IOException("listen: no path is bound"));
        }
        catch (UnauthorizedAccessException refusal)
        {
            throw new IOException($"listen: {refusal.Message}", refusal);
        }
    }

    public override LocalSocket? Accept()
    {
        while (_waiting is { } instance && !_stop.IsCancellationRequested)
        {
            bool isConnected = TryWaitForClient(instance);
            if (!TryReplaceInstance())
            {
                instance.Dispose();
                return null;
            }

            if (isConnected)
                return new NamedPipe(instance);

            instance.Dispose(); // its client went away before it was accepted
        }

        return null;
    }

    public override void StopAccepting()
    {
        lock (_gate)
        {
            _stop.Cancel();
            _waiting?.Dispose();
        }
    }

    public override SocketError Connect(string path, Deadline deadline)
    {
        if (!File.Exists(path))
            return SocketError.AddressNotAvailable;
        if (ReadName(path) is not { } name)
            return SocketError.ConnectionRefused;

        NamedPipeClientStream pipe = new(".", name, PipeDirection.InOut, Options, TokenImpersonationLevel.Anonymous);
        SocketError error = Connect(pipe, name, deadline);
        if (error == SocketError.Success)
            _connected = pipe;
        else
            pipe.Dispose();

        return error;
    }

    public override int Receive(Span<byte> buffer, Deadline deadline, out SocketError error)
    {
        if (_received.Length < buffer.Length)
            _received = new byte[buffer.Length];

        Memory<byte> room = _received.AsMemory(0, buffer.Length);
        int count = 0;
        error = Try(async stop => count = await _connected!.ReadAsync(room, stop), deadline);
        _received.AsSpan(0, count).CopyTo(buffer);
        return count;
    }

    public override SocketError Send(ReadOnlySpan<byte> bytes, Deadline deadline)
    {
        byte[] copy = bytes.ToArray();
        return Try(async stop => await _connected!.WriteAsync(copy, stop), deadline);
    }

    public override void Dispose()
    {
        StopAccepting();
        _connected?.Dispose();
    }

    private static NamedPipeServerStream NewInstance(string name) => new(
        name, PipeDirection.InOut, NamedPipeServerStream.MaxAllowedServerInstances, PipeTransmissionMode.Byte, Options, RoomForBytes, RoomForBytes);

    /// <summary>The name in the file; null if there is none, as in that of a server that is just writing it.</summary>
    private static string? ReadName(string path)
    {
        try
        {
            string name = File.ReadAllText(path);
            return name.StartsWith(Prefix, StringComparison.Ordinal) && Guid.TryParseExact(name[Prefix.Length..], "N", out _) ? name : null;
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static SocketError Connect(NamedPipeClientStream pipe, string name, Deadline deadline)
    {
        while (true)
        {
            try
            {
                pipe.Connect(TimeSpan.Zero);
                return SocketError.Success;
            }
            catch (TimeoutException)
            {
                // No instance waits at this moment: another client has just taken it, or there is no listener.
                if (!IsThere(name))
                    return SocketError.ConnectionRefused;
            }
            catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
            {
                return SocketError.ConnectionRefused; // it is another user's
            }

            if (deadline.HasPassed)
                return SocketError.TimedOut;
        }
    }

    /// <summary>Whether a pipe has this name; returns when one of its instances is free, or after a while. Elsewhere than on Windows none refuses a client.</summary>
    private static bool IsThere(string name) =>
        OperatingSystem.IsWindows()
        && (Kernel32.WaitNamedPipe($@"\\.\pipe\{name}", PollInterval) || Marshal.GetLastPInvokeError() != Kernel32.ERROR_FILE_NOT_FOUND);

    /// <summary>Makes a call that ends with its own result, or at the deadline.</summary>
    private static SocketError Try(Func<CancellationToken, Task> call, Deadline deadline)
    {
        if (deadline.HasPassed)
            return SocketError.TimedOut;

        using CancellationTokenSource limit = new(deadline.Remaining);
        try
        {
            call(limit.Token).GetAwaiter().GetResult();
            return SocketError.Success;
        }
        catch (OperationCanceledException)
        {
            return SocketError.TimedOut;
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            return SocketError.ConnectionReset;
        }
    }

    private bool TryWaitForClient(NamedPipeServerStream instance)
    {
        try
        {
            instance.WaitForConnectionAsync(_stop.Token).GetAwaiter().GetResult();
            return true;
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Makes the instance for the next client before this one is served or closed: while the name has none, clients are refused.</summary>
    private bool TryReplaceInstance()
    {
        lock (_gate)
        {
            if (_stop.IsCancellationRequested)
                return false;

            try
            {
                _waiting = NewInstance(_name!);
                return true;
            }
            catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
    }
}
