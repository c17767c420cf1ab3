using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.CommandLine;

/// <summary>The code that the program prints is the code that it was built from.</summary>
public sealed class SourceTests
{
    private static string Library => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../src/EchoModels.Core"));

    [Fact]
    public void A_model_with_one_page_is_that_file()
    {
        Outcome outcome = Executable.Run("source", "busy-poll");
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Equal(File.ReadAllText(Path.Combine(Library, "Models/BusyPollServer.cs")), outcome.Output);
    }

    [Slow, Theory]
    [InlineData("epoll", "Selectors/EpollSelector.cs")]
    [InlineData("epoll-edge", "Selectors/EpollSelector.cs")]
    [InlineData("poll", "Selectors/PollSelector.cs")]
    [InlineData("select", "Selectors/ManagedSelectSelector.cs")]
    [InlineData("select-fdset", "Selectors/SelectSelector.cs")]
    [InlineData("signal", "Selectors/SignalSelector.cs")]
    [InlineData("kqueue", "Selectors/KqueueSelector.cs")]
    public void A_selector_has_its_page(string selector, string page) =>
        Assert.Equal(File.ReadAllText(Path.Combine(Library, page)), Executable.Run("source", "--selector", selector).Output);

    [Slow, Fact]
    public void The_list_has_every_page_and_each_can_be_printed()
    {
        string list = Executable.Run("source", "--list").Output;
        Assert.All(Files, path => Assert.Matches($@"(?m)^ *{Regex.Escape(Path.GetFileName(path))} +\d+ lines$", list));
        Assert.Equal(File.ReadAllText(Path.Combine(Library, "Connections/Connection.cs")), Executable.Run("source", "connections/connection").Output);
    }

    [Slow, Fact]
    public void In_a_terminal_it_has_colours_and_with_NO_COLOR_none()
    {
        using Window coloured = new([Executable.Path, "source", "blocking"]);
        Assert.Equal(0, coloured.ExitCode());
        Assert.Contains("\u001b[38;5;33mpublic\u001b[0m", coloured.Output);
        using Window plain = new([Executable.Path, "source", "blocking"], 120, ("NO_COLOR", "1"));
        Assert.Equal(0, plain.ExitCode());
        Assert.DoesNotMatch(@"\u001b\[[0-9;]+m", plain.Output);
        using Window emptyIsUnset = new([Executable.Path, "source", "blocking"], 120, ("NO_COLOR", ""));
        Assert.Equal(0, emptyIsUnset.ExitCode());
        Assert.Equal(coloured.Output, emptyIsUnset.Output);
    }

    private static IEnumerable<string> Files => Directory.EnumerateFiles(Library, "*.cs", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(Library, file)).Where(file => !file.StartsWith("bin/", StringComparison.Ordinal) && !file.StartsWith("obj/", StringComparison.Ordinal));

    /// <summary>One page after the other, each with its path above it.</summary>
    [Slow, Theory]
    [InlineData("blocking", "Models/BlockingServer.cs")]
    [InlineData("EPOLL", "Models/EventLoopServer.cs EventLoops/LevelTriggeredLoop.cs EventLoops/EdgeTriggeredLoop.cs Selectors/EpollSelector.cs")]
    [InlineData("io-uring", "Models/EventLoopServer.cs IoUring/UringProactor.cs IoUring/Ring.cs")]
    public void A_model_has_all_its_pages(string model, string pages)
    {
        string[] texts = [.. pages.Split(' ').Select(page => (pages.Contains(' ', StringComparison.Ordinal) ? $"// {page}\n\n" : "") + File.ReadAllText(Path.Combine(Library, page)))];
        Assert.Equal(string.Join('\n', texts), Executable.Run("source", model).Output);
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;

}
