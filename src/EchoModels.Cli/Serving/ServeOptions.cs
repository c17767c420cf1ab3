using System.Net;
using EchoModels.Connections;
using Serilog.Events;

namespace EchoModels.Cli.Serving;

/// <summary>What the command line asked of <c>serve</c>.</summary>
internal sealed record ServeOptions
{
    public required ModelRow Model { get; init; }

    /// <summary>The options of the models.</summary>
    public required OptionChanges ModelOptions { get; init; }

    public required IReadOnlyList<IPEndPoint> EndPoints { get; init; }

    public required int Backlog { get; init; }

    /// <summary>How long unsent bytes may take to go out at the end.</summary>
    public required TimeSpan Drain { get; init; }

    /// <summary>How often to tell whether there was any activity; null for never.</summary>
    public required TimeSpan? Tick { get; init; }

    /// <summary>How long a connection may send nothing; null for ever.</summary>
    public required TimeSpan? IdleTimeout { get; init; }

    /// <summary>What clients are promised, whichever model serves them.</summary>
    public required EchoPolicy Policy { get; init; }

    /// <summary>What a child process runs.</summary>
    public required IReadOnlyList<string> ChildCommand { get; init; }

    public required LogEventLevel LogLevel { get; init; }

    /// <summary>Whether the keys switch the model.</summary>
    public required bool Keys { get; init; }
}
