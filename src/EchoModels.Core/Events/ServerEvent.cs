using System.Net;
using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Events;

/// <summary>Something that has happened in the server; it never changes afterwards.</summary>
public abstract record ServerEvent
{
    /// <summary>When, by the wall clock.</summary>
    public DateTimeOffset At { get; init; } = DateTimeOffset.Now;
}

/// <summary>The first model serves: from here on, clients are accepted.</summary>
/// <param name="EndPoints">Where it listens.</param>
/// <param name="Model">The model, and the options in force.</param>
/// <param name="Selector">The selector that it waits in; null if it needs none.</param>
public sealed record Listening(IReadOnlyList<IPEndPoint> EndPoints, string Model, string? Selector) : ServerEvent;

/// <summary>A connection was taken out of a backlog.</summary>
public sealed record ConnectionAccepted(Token Token, IPEndPoint? Peer) : ServerEvent
{
    /// <summary>The listener whose backlog that was; null if that is not known.</summary>
    public IPEndPoint? Listener { get; init; }
}

/// <summary>A connection was closed.</summary>
/// <param name="Token">Its name in the set.</param>
/// <param name="Peer">The client's address; null if it had gone before it was accepted.</param>
/// <param name="Reason">Why.</param>
/// <param name="Messages">Receives that brought bytes; null where a child process made them.</param>
/// <param name="BytesIn">Bytes received.</param>
public sealed record ConnectionClosed(Token Token, IPEndPoint? Peer, CloseReason Reason, long? Messages, long BytesIn) : ServerEvent
{
    /// <summary>The child process that served it; null if there was none.</summary>
    public ChildExit? Child { get; init; }
}

/// <summary>How a child process ended, and what the kernel has counted of its connection.</summary>
/// <param name="Process">Its process ID.</param>
/// <param name="ExitCode">Its exit code, or 128 and the signal, as shells tell it; null if that is not known.</param>
/// <param name="BytesOut">Bytes sent.</param>
public sealed record ChildExit(int Process, int? ExitCode, long BytesOut);

/// <summary>A child process serves a connection from now on. It ends with <see cref="ConnectionClosed"/>.</summary>
public sealed record ChildStarted(Token Token, IPEndPoint? Peer, int Process) : ServerEvent;

/// <summary>The system gave no child process, and why; connections wait, and soon it is asked again.</summary>
public sealed record ChildRefused(string Error) : ServerEvent;

/// <summary>An accept failed for want of something, most often a descriptor; the listener backs off.</summary>
/// <param name="Listener">Where it listens.</param>
/// <param name="Error">What was wanting.</param>
/// <param name="IsKeptWaiting">Whether a connection waits in the backlog.</param>
public sealed record BackingOff(IPEndPoint Listener, SocketError Error, bool IsKeptWaiting) : ServerEvent;

/// <summary>Another selector than the model's own was taken, for the first time.</summary>
/// <param name="Refusals">Those that were refused, each with the error.</param>
/// <param name="Taken">The one that was taken instead.</param>
public sealed record FellBack(IReadOnlyList<(string Name, string Error)> Refusals, string Taken) : ServerEvent;

/// <summary>A switch begins.</summary>
public sealed record Switching(string From, string To) : ServerEvent;

/// <summary>A switch was made.</summary>
/// <param name="From">The model that stopped, with its options.</param>
/// <param name="To">The model that serves, with its options.</param>
/// <param name="Selector">The selector that it waits in; null if it needs none.</param>
/// <param name="PauseMs">Milliseconds from the stop of the one until the other had every socket.</param>
/// <param name="Connections">How many connections were kept.</param>
public sealed record Switched(string From, string To, string? Selector, double PauseMs, int Connections) : ServerEvent;

/// <summary>A model failed, or could not start.</summary>
/// <param name="Model">Which.</param>
/// <param name="Error">Why.</param>
/// <param name="HadServed">Whether it had served before it failed.</param>
/// <param name="BackTo">The model that serves instead; null if there is none, and the server ends.</param>
public sealed record ModelFailed(string Model, string Error, bool HadServed, string? BackTo) : ServerEvent;

/// <summary>The server stops: no new connections, and unsent bytes have so long to go out. No switch is told after it.</summary>
/// <param name="Limit">How long.</param>
/// <param name="Cause">What asked for it, as a signal; null if that is not known.</param>
public sealed record Draining(TimeSpan Limit, string? Cause) : ServerEvent;

/// <summary>The server has stopped: every connection is closed.</summary>
public sealed record Stopped : ServerEvent;
