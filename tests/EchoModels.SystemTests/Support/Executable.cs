using System.Diagnostics;
using System.Reflection;

namespace EchoModels.SystemTests.Support;

/// <summary>The result of a run of the program.</summary>
/// <param name="ExitCode">128 and more if a signal ended it.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its standard error.</param>
internal sealed record Outcome(int ExitCode, string Output, string Error)
{
    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public string Everything => $"exit {ExitCode}\nstdout:\n{Output}\nstderr:\n{Error}";
}

/// <summary>The executable that is tested: the built one, or the one that the environment names.</summary>
internal static class Executable
{
    /// <summary>The environment variable with the absolute path of another executable, a native one for instance.</summary>
    private const string Variable = "ECHOMODELS_EXECUTABLE";

    /// <summary>Where it is.</summary>
    public static string Path { get; } = Find();

    /// <summary>Whether it is one native file; otherwise the runtime loads the library beside it.</summary>
    public static bool IsNative => !File.Exists(Path + ".dll");

    /// <summary>Runs it to its end.</summary>
    public static Outcome Run(params string[] arguments)
    {
        using RuntimeDirectory directory = new();
        return RunIn(directory, [], arguments);
    }

    /// <summary>Runs it to its end with the runtime directory of a server, so that it finds the control socket.</summary>
    public static Outcome RunBeside(Server server, params string[] arguments) => RunIn(server.Directory, [], arguments);

    /// <summary>Runs it to its end under another program, strace for instance.</summary>
    public static Outcome RunUnder(string[] wrapper, params string[] arguments)
    {
        using RuntimeDirectory directory = new();
        return RunIn(directory, wrapper, arguments);
    }

    /// <summary>Starts it; all three streams are pipes, and control sockets are in a directory of the test.</summary>
    public static Process Start(RuntimeDirectory directory, string[] wrapper, string[] arguments) =>
        Launcher.Start(Prepare(directory, wrapper, arguments));

    /// <summary>How to start it with <see cref="Launcher.Start"/>.</summary>
    public static ProcessStartInfo Prepare(RuntimeDirectory directory, string[] wrapper, string[] arguments) =>
        Launcher.Prepare(directory, [.. wrapper, Path, .. arguments]);

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } named)
        {
            return typeof(Executable).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
                .Single(attribute => attribute.Key == "Executable").Value!;
        }

        return System.IO.Path.IsPathFullyQualified(named) && File.Exists(named)
            ? named
            : throw new ArgumentException($"{Variable} '{named}': accepted is the absolute path of an executable file");
    }

    private static Outcome RunIn(RuntimeDirectory directory, string[] wrapper, string[] arguments)
    {
        using Process process = Start(directory, wrapper, arguments);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit.Generous))
        {
            process.Kill();
            Assert.Fail($"'{string.Join(' ', arguments)}' did not end within {Limit.Generous.TotalSeconds} s");
        }

        // A process that it has started, such as a tracer, may keep the pipes open a little longer.
        Assert.True(Task.WaitAll([output, error], Limit.Generous), "its pipes stayed open");
        Outcome outcome = new(process.ExitCode, output.Result, error.Result);
        Assert.DoesNotContain("   at ", outcome.Output + outcome.Error);
        return outcome;
    }
}

/// <summary>A test's own directory for control sockets; its path is short, as the path of a socket has to be.</summary>
internal sealed class RuntimeDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("em-").FullName;

    /// <summary>The directory that servers create in it.</summary>
    public string Servers => System.IO.Path.Combine(Path, "echomodels");

    /// <summary>The directory that they create instead, if that one cannot be used.</summary>
    public string OtherServers => System.IO.Path.Combine(Path, $"echomodels-{Native.EffectiveUser()}");

    public string Socket(int port) => System.IO.Path.Combine(Servers, $"{port}.sock");

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
