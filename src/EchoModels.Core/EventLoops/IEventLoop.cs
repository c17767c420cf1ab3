using EchoModels.Connections;

namespace EchoModels.EventLoops;

/// <summary>One event loop: wait until sockets are ready, handle those, wait again.</summary>
/// <remarks>It belongs to the thread that makes it, except for <see cref="Wake"/>. Once disposed of, it makes no call on its sockets.</remarks>
internal interface IEventLoop : IDisposable
{
    /// <summary>What to do with an accepted connection; null adds it to this loop.</summary>
    Action<Connection>? OnAccepted { get; set; }

    /// <summary>Starts to serve a socket.</summary>
    void Add(EventSource socket);

    /// <summary>Waits once, and handles what is ready.</summary>
    void RunOnce();

    /// <summary>Ends the wait under way, or else the next one, from any thread.</summary>
    void Wake();
}
