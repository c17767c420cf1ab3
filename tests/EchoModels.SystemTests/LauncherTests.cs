using System.Diagnostics;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests;

/// <summary>The tests do not depend on how they were started, nor do the programs that they start.</summary>
public sealed class LauncherTests
{
    private const string NoSignals = "0000000000000000";

    [Fact]
    public void A_program_has_default_signals_and_a_session_without_a_terminal()
    {
        const string Script = """
            grep -E '^Sig(Blk|Ign):' /proc/self/status
            umask
            ulimit -c
            pwd
            read -r process name state parent group session terminal rest </proc/$$/stat
            [ "$group $session $terminal" = "$$ $$ 0" ] && echo alone
            """;
        Assert.Equal([$"SigBlk:\t{NoSignals}", $"SigIgn:\t{NoSignals}", "0022", "0", "/", "alone"], Run("/bin/sh", "-c", Script));
    }

    [Fact]
    public void A_program_has_a_few_variables_and_no_others() => Assert.Equal(
        ["DOTNET_EnableDiagnostics", "DOTNET_ROOT", "HOME", "LANG", "PATH", "TMPDIR", "XDG_RUNTIME_DIR"],
        Run("env").Select(line => line.Split('=')[0]).Order(StringComparer.Ordinal));

    /// <summary>As by nohup(1) and in the background of a script, and worse: the tests run once more, in a process that inherits it.</summary>
    [Slow, Theory]
    [InlineData("--ignore-signal=HUP", "--ignore-signal=INT", "--ignore-signal=QUIT")]
    [InlineData("--block-signal=CHLD", "--block-signal=URG")]
    [InlineData("--ignore-signal", "--block-signal")]
    public void Tests_that_inherit_other_signals_and_limits_have_the_same(params string[] signals)
    {
        string method = $"{typeof(LauncherTests).FullName}.{nameof(A_program_has_default_signals_and_a_session_without_a_terminal)}";
        const string Limits = "umask 077; ulimit -Sn 300; ulimit -Sc unlimited; exec \"$0\" \"$@\"";
        string[] lines = Run(["/bin/sh", "-c", Limits, "env", .. signals, "TMPDIR=/nowhere", Environment.ProcessPath!, "-method", method]);
        Assert.Contains(lines, line => line.Contains("Total: 1, Errors: 0, Failed: 0, Skipped: 0", StringComparison.Ordinal));
    }

    /// <summary>The lines that a program prints; it ends with exit code 0.</summary>
    private static string[] Run(params string[] command)
    {
        using RuntimeDirectory directory = new();
        using Process process = Launcher.Start(Launcher.Prepare(directory, command));
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(Limit.Generous), "the program did not end");
        Assert.True(process.ExitCode == 0, $"exit {process.ExitCode}\n{output}\n{error.Result}");
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
