using EchoModels.Cli.Posix;

namespace EchoModels.Cli.Control;

/// <summary>Sleeps until something happens to the paths that it watches, by inotify(7); or, where there is none, for an interval.</summary>
/// <remarks>With inotify, an idle server is not woken for nothing.</remarks>
internal sealed class PathWatch : IDisposable
{
    private const uint Changes = Libc.IN_ATTRIB | Libc.IN_DELETE_SELF | Libc.IN_MOVE_SELF;

    /// <summary>How often paths are examined that the system does not watch.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);

    private readonly FileDescriptor? _inotify;
    private readonly byte[] _events = new byte[4096];

    private PathWatch(FileDescriptor? inotify) => _inotify = inotify;

    /// <summary>Watches paths: their removal, and changes of their names and owners.</summary>
    public static PathWatch On(IEnumerable<string> paths)
    {
        FileDescriptor? inotify = OperatingSystem.IsLinux() ? new FileDescriptor(Libc.InotifyInit(Libc.O_CLOEXEC)) : null;
        bool isWatching = inotify is { IsInvalid: false };
        foreach (string path in paths)
            isWatching = isWatching && Libc.InotifyAddWatch(inotify!, path, Changes) >= 0;

        if (isWatching)
            return new PathWatch(inotify);

        inotify?.Dispose();
        return new PathWatch(null);
    }

    /// <summary>Sleeps until something has happened, or the interval is over.</summary>
    /// <param name="stop">Ends the interval; what removes a path ends the sleep as well.</param>
    public void Wait(WaitHandle stop)
    {
        if (_inotify is null || Libc.Read(_inotify, _events, (nuint)_events.Length) < 0)
            stop.WaitOne(PollInterval);
    }

    public void Dispose() => _inotify?.Dispose();
}
