using System.Text.Json;

namespace EchoModels.SystemTests.Support;

/// <summary>The models, as the program lists them: a new row is tested without a change here.</summary>
public static class Models
{
    private static readonly Lazy<JsonElement[]> Listed = new(() =>
    {
        Outcome outcome = Executable.Run("models", "--json");
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        return [.. JsonDocument.Parse(outcome.Output).RootElement.EnumerateArray()];
    });

    /// <summary>Every row of the list.</summary>
    public static IReadOnlyList<JsonElement> Rows => Listed.Value;

    /// <summary>The names of the available models.</summary>
    public static string[] Available =>
        [.. Rows.Where(row => row.GetProperty("available").GetBoolean()).Select(row => row.GetProperty("name").GetString()!)];

    /// <summary>The available models, and epoll with its other trigger: arguments for <c>--model</c>.</summary>
    public static string[] WithTriggers => [.. Available, "epoll --trigger edge"];

    /// <summary>Models that hand their connections on at a switch; a child process keeps its own.</summary>
    public static string[] HandingOver => [.. Available.Where(name => name != "process")];

    /// <summary>A row for each model; in the quick set, for epoll.</summary>
    public static TheoryData<string> All => QuickFor("epoll", Available);

    /// <summary>Models that serve thousands of clients; a fixed number of workers, processes or bits in an fd_set does not.</summary>
    /// <remarks>Arguments for <c>--model</c>; one of each kind of event loop with several threads.</remarks>
    public static TheoryData<string> ForThousands =>
    [
        .. WithTriggers.Where(name => name is not ("blocking" or "thread-pool" or "process" or "select-fdset")),
        "epoll --loops 2", "io-uring --loops 2",
    ];

    /// <summary>A row for each model, or model and options, of which the quick set runs one.</summary>
    public static TheoryData<string> QuickFor(string quick, IEnumerable<string> models) =>
    [
        .. models.Select(model => new TheoryDataRow<string>(model))
            .Select(row => row.Data == quick ? row : row.WithTrait(SlowAttribute.Trait, SlowAttribute.Slow)),
    ];

    /// <summary>A pattern for what the log says of a closed connection's traffic; the messages of a child process are not known.</summary>
    public static string After(string model, int messages, int bytes) => model == "process"
        ? $@"after {bytes:N0} bytes in, {bytes:N0} bytes out; its child process \d+ has ended( with exit code 1)?$"
        : $"after {Count(messages, "message")}, {Count(bytes, "byte")}$";

    /// <summary>What the summary says about so many messages.</summary>
    public static string Messages(string model, int count) =>
        model == "process" ? "0 messages besides those of child processes (not known)" : Count(count, "message");

    /// <summary>A number as people read it.</summary>
    public static string Count(long count, string what) => FormattableString.Invariant($"{count:N0} {what}{(count == 1 ? "" : "s")}");
}
