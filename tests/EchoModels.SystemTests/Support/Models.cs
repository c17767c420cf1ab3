using System.Text.Json;

namespace EchoModels.SystemTests.Support;

/// <summary>The models, as the program itself lists them: a new row is tested without another word.</summary>
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

    /// <summary>The names of those that can be had here.</summary>
    public static string[] Available =>
        [.. Rows.Where(row => row.GetProperty("available").GetBoolean()).Select(row => row.GetProperty("name").GetString()!)];

    /// <summary>Those, and epoll with its other trigger: what is to be said behind <c>--model</c>.</summary>
    public static string[] WithTriggers => [.. Available, "epoll --trigger edge"];

    /// <summary>Those that hand their connections over at a switch; a child process keeps its own.</summary>
    public static string[] HandingOver => [.. Available.Where(name => name != "process")];

    public static TheoryData<string> All => [.. Available];

    /// <summary>Those that serve thousands at once: a fixed number of workers, of processes or of bits in an fd_set does not.</summary>
    /// <remarks>io-uring serves 9,000 as well, but takes a minute to let go of them at the end.</remarks>
    public static TheoryData<string> ForThousands =>
        [.. Available.Where(name => name is not ("blocking" or "thread-pool" or "process" or "select-fdset" or "io-uring"))];

    /// <summary>What is said of a closed connection's traffic, as a pattern: how often a child received, nobody knows.</summary>
    public static string After(string model, int messages, int bytes) => model == "process"
        ? $@"after {bytes} bytes in, {bytes} bytes out; its child process \d+ has ended( with exit code 1)?$"
        : $"after {messages} messages, {bytes} bytes$";

    /// <summary>What the summary says of so many messages.</summary>
    public static string Messages(string model, int count) =>
        model == "process" ? "0 messages besides those of child processes (not known)" : $"{count} messages";
}
