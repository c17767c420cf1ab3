using System.Diagnostics;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.CommandLine;

/// <summary>Standard input, output and error that are closed, or are no files to read or write: one line where it can be written, and exit code 1.</summary>
public sealed class StandardStreamTests
{
    /// <summary>Every verb that prints results, with arguments of a run that works.</summary>
    private static readonly string[] Printing =
        ["models", "models --json", "demo", "demo connect-in-progress", "--help", "status -p PORT", "status -p PORT --json", "switch epoll -p PORT", "client -p PORT -n 2", "client -p PORT -i"];

    public static TheoryData<string, string> UnwritableOutputs => new()
    {
        { "1>&-", "standard output is closed" },
        { "1>/dev/full", "standard output cannot be written: No space left on device (ENOSPC)" },
        { "1</tmp", "standard output cannot be written: Bad file descriptor (EBADF)" },
        { "0<&- 1>&-", "standard output is closed" },
    };

    [Slow, Theory]
    [MemberData(nameof(UnwritableOutputs))]
    public void Results_that_cannot_be_written_are_an_error_in_every_verb(string redirections, string error)
    {
        using Server server = Server.Start();
        foreach (string verb in Printing.Where(verb => !redirections.StartsWith('0') || !verb.EndsWith("-i", StringComparison.Ordinal)))
        {
            Outcome outcome = Run(server, redirections, verb);

            Assert.True(outcome.ExitCode == 1, $"{verb}: {outcome.Everything}");
            Assert.True(outcome.ErrorLines is [string line] && line == $"echomodels: {error}", $"{verb}: {outcome.Everything}");
        }

        if (error.EndsWith("closed", StringComparison.Ordinal))
        {
            Assert.Equal(1, Run(server, redirections, "switch poll -p PORT").ExitCode);
            Assert.Equal("epoll", server.Status().GetProperty("model").GetString()); // it fails before it has changed anything
        }

        server.End();
    }

    [Slow, Theory]
    [InlineData("1>&- 2>&-")]
    [InlineData("0<&- 1>&- 2>&-")]
    [InlineData("1>/dev/full 2>/dev/full")]
    public void The_exit_code_remains_where_nothing_can_be_written(string redirections)
    {
        using Server server = Server.Start();
        foreach (string verb in Printing)
        {
            Outcome outcome = Run(server, redirections, verb);
            Assert.True(outcome.ExitCode == 1, $"{verb}: {outcome.Everything}");
        }

        server.End();
    }

    /// <summary>What would be written to a closed standard error must not go to a file of the runtime, or to a connection.</summary>
    [Slow, Fact]
    public void A_closed_standard_error_changes_nothing_in_a_run_that_works()
    {
        using Server server = Server.Start();
        foreach (string verb in Printing)
        {
            Outcome outcome = Run(server, "2>&-", verb);
            Assert.True(outcome is { ExitCode: 0, Output.Length: > 0, Error: "" }, $"{verb}: {outcome.Everything}");
        }

        Assert.Equal(1, Run(server, "2>&-", "status -p 1").ExitCode);
        Assert.Equal(2, Run(server, "2>&-", "status --nonsense").ExitCode);
        server.End();
    }

    [Slow, Theory]
    [InlineData("0<&-", "standard input is closed: there is nothing to send")]
    [InlineData("0<&- 2>&1", "standard input is closed: there is nothing to send")]
    [InlineData("0</tmp", "standard input cannot be read: Is a directory (EISDIR)")]
    [InlineData("0>/dev/null", "standard input cannot be read: Bad file descriptor (EBADF)")] // as nohup(1) opens it
    public void An_input_that_cannot_be_read_is_an_error_of_the_interactive_client(string redirections, string error)
    {
        using Server server = Server.Start();
        Outcome outcome = Run(server, redirections, "client -p PORT -i");

        Assert.True(outcome.ExitCode == 1, outcome.Everything);
        Assert.Equal($"echomodels: {error}", (outcome.Error + outcome.Output).TrimEnd('\n'));
        server.End();
    }

    [Slow, Fact]
    public void Verbs_that_read_no_input_need_none()
    {
        using Server server = Server.Start();
        foreach (string verb in Printing.Where(verb => !verb.EndsWith("-i", StringComparison.Ordinal)))
        {
            foreach (string redirection in (string[])["0<&-", "0</tmp"])
            {
                Outcome outcome = Run(server, redirection, verb);
                Assert.True(outcome is { ExitCode: 0, Output.Length: > 0, Error: "" }, $"{verb} {redirection}: {outcome.Everything}");
            }
        }

        server.End();
    }

    /// <summary>The reader has gone before the first byte is written, so that every write fails with EPIPE.</summary>
    [Slow, Fact]
    public void Nothing_is_printed_about_a_reader_that_has_gone()
    {
        using Server server = Server.Start();
        foreach (string verb in Printing)
        {
            ProcessStartInfo start = Executable.Prepare(server.Directory, ["/bin/sh", "-c", "read go; exec \"$0\" \"$@\""], Arguments(server, verb));
            using Process process = Launcher.Start(start);
            process.StandardOutput.Close();
            process.StandardInput.WriteLine("go\nhello");
            process.StandardInput.Close();

            Assert.Equal((verb, ""), (verb, process.StandardError.ReadToEnd()));
            Assert.True(process.WaitForExit(Limit.Generous), "it has ended");
            Assert.Equal(1, process.ExitCode);
        }

        server.End();
    }

    [Slow, Fact]
    public void The_interactive_client_ends_with_the_reader_of_its_output()
    {
        using Server server = Server.Start();
        using Process process = Executable.Start(server.Directory, [], Arguments(server, "client -p PORT -i"));
        process.StandardInput.WriteLine("one");
        Assert.Equal("one", process.StandardOutput.ReadLine());
        process.StandardOutput.Close();
        process.StandardInput.WriteLine("two");

        Assert.True(process.WaitForExit(Limit.Generous), "it has ended, although its input has not");
        Assert.Equal((1, ""), (process.ExitCode, process.StandardError.ReadToEnd()));
        server.End();
    }

    private static string[] Arguments(Server server, string verb) => verb.Replace("PORT", $"{server.Port}", StringComparison.Ordinal).Split(' ');

    /// <summary>Runs a verb with redirections in shell syntax; its input, if it has one, is a line.</summary>
    private static Outcome Run(Server server, string redirections, string verb)
    {
        ProcessStartInfo start = Executable.Prepare(server.Directory, ["/bin/sh", "-c", $"exec \"$0\" \"$@\" {redirections}"], Arguments(server, verb));
        using Process process = Launcher.Start(start);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.WriteLine("hello");
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already, or reads something else.
        }

        if (!process.WaitForExit(Limit.Generous))
        {
            process.Kill();
            Assert.Fail($"'{verb}' {redirections} did not end");
        }

        Outcome outcome = new(process.ExitCode, output.Result, error.Result);
        Assert.DoesNotContain("   at ", outcome.Output + outcome.Error);
        return outcome;
    }
}
