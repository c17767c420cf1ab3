namespace EchoModels.Testing;

/// <summary>What a test needs of the machine: without it the test is skipped, with the reason and the command that helps.</summary>
internal static class Needs
{
    /// <summary>Skips the test unless its process may open so many descriptors.</summary>
    public static void Descriptors(int count) => That(
        TestProcess.MaxDescriptors >= (ulong)count,
        $"it needs {count} descriptors, and has {TestProcess.MaxDescriptors}; tests/all.sh raises the limit, as does 'ulimit -n {count}' of root");

    /// <summary>Skips the test unless the user may have so many threads.</summary>
    public static void Threads(int count) => That(
        TestProcess.MaxThreads >= (ulong)count,
        $"it needs {count} threads, and the user may have {TestProcess.MaxThreads}; tests/all.sh raises the limit, as does 'ulimit -u {count}' of root");

    /// <summary>Skips the test unless a condition is true.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="reason">What is missing, and the command that helps. It is printed: dotnet test by itself tells no reasons.</param>
    public static void That(bool condition, string reason)
    {
        if (condition)
            return;

        Xunit.TestContext.Current.SendDiagnosticMessage($"a test is skipped: {reason}");
        Xunit.Assert.Skip(reason);
    }
}
