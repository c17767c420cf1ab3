using System.Net;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Selectors;
using Serilog.Events;

namespace EchoModels.Cli.Serving;

/// <summary>What the command line asked of <c>serve</c>.</summary>
internal sealed record ServeOptions
{
    public required ModelRow Model { get; init; }

    /// <summary>The selector to insist on; null takes the first that works.</summary>
    public required SelectorRow? Selector { get; init; }

    public required IReadOnlyList<IPEndPoint> EndPoints { get; init; }

    public required int Backlog { get; init; }

    /// <summary>How long owed bytes may take to go out at the end.</summary>
    public required TimeSpan Drain { get; init; }

    /// <summary>How often to tell whether there was any activity; null for never.</summary>
    public required TimeSpan? Tick { get; init; }

    /// <summary>How long a connection may say nothing; null for ever.</summary>
    public required TimeSpan? IdleTimeout { get; init; }

    /// <summary>What clients are promised, whichever model serves them.</summary>
    public required EchoPolicy Policy { get; init; }

    /// <summary>Makes the models' settings.</summary>
    public required Func<CallCounters, ModelContext> Context { get; init; }

    public required LogEventLevel LogLevel { get; init; }

    /// <summary>Whether the keys 1 to 9 switch the model.</summary>
    public required bool Keys { get; init; }
}
