using System.Diagnostics;
using System.Reflection;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Windows;

/// <summary>The program as it is published for Windows, and the means to run it; made once for all tests that need it.</summary>
/// <remarks>Nothing is made where Wine is missing: each test is skipped there, and says so.</remarks>
public sealed class WindowsBuild : IDisposable
{
    public const string Collection = "the build for Windows";

    /// <summary>How long the publishing may take: it compiles everything, and may have to download the runtime.</summary>
    private static readonly TimeSpan PublishLimit = TimeSpan.FromMinutes(10);

    private readonly string _directory = Directory.CreateTempSubdirectory("em-windows-").FullName;
    private readonly Wine? _wine;

    public WindowsBuild()
    {
        if (!Wine.IsInstalled)
            return;

        try
        {
            Publish("src/EchoModels.Cli");
            Publish("tests/PipeClient");
            _wine = new Wine(Path.Combine(_directory, "wine"));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The program.</summary>
    private string Program => Path.Combine(_directory, "app", "echomodels.exe");

    private string PipeClient => Path.Combine(_directory, "app", "PipeClient.exe");

    /// <summary>Starts the program.</summary>
    internal Process Start(params string[] arguments) => Process.Start(Required.Prepare(Program, arguments))!;

    /// <summary>Starts a client of a server's control channel: what it gets on its standard input it sends, what it receives is its output.</summary>
    internal Process StartPipeClient(int port) => Process.Start(Required.Prepare(PipeClient, $"Z:{ControlFile(port)}"))!;

    /// <summary>Runs the program to its end.</summary>
    internal Outcome Run(params string[] arguments) => RunWithInput("", arguments);

    /// <summary>Runs the program to its end, with this text on its standard input.</summary>
    internal Outcome RunWithInput(string input, params string[] arguments)
    {
        using Process process = Start(arguments);
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit.Generous))
        {
            process.Kill();
            Assert.Fail($"'{string.Join(' ', arguments)}' did not end within {Limit.Generous.TotalSeconds} s");
        }

        Assert.True(Task.WaitAll([output, error], Limit.Generous), "its pipes stayed open");
        Outcome outcome = new(process.ExitCode, output.Result.ReplaceLineEndings("\n"), error.Result.ReplaceLineEndings("\n"));
        Assert.DoesNotContain("   at ", outcome.Output + outcome.Error);
        return outcome;
    }

    /// <summary>The file with the name of the pipe of the server on a port.</summary>
    internal string ControlFile(int port)
    {
        string[] found = ControlFiles(port);
        Assert.True(found.Length == 1, $"{found.Length} files {port}.sock");
        return found[0];
    }

    /// <summary>Such files; none before the server has its control channel, and after its end.</summary>
    internal string[] ControlFiles(int port) =>
        Directory.GetFiles(Required.Users, $"{port}.sock", new EnumerationOptions { RecurseSubdirectories = true });

    /// <summary>The directory in which servers make them.</summary>
    internal string ControlDirectory =>
        Path.Combine(Directory.GetDirectories(Required.Users, "Temp", new EnumerationOptions { RecurseSubdirectories = true })[0], "echomodels");

    public void Dispose()
    {
        _wine?.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private Wine Required
    {
        get
        {
            Assert.SkipUnless(Wine.IsInstalled, Wine.Missing);
            return _wine!;
        }
    }

    /// <summary>Publishes a project of the repository; what is made on the way is put into the test's directory, not beside the sources.</summary>
    private void Publish(string project)
    {
        string repository = typeof(WindowsBuild).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "Repository").Value!;
        ProcessStartInfo start = new("dotnet",
        [
            "publish", Path.Combine(repository, project), "-c", "Release", "-r", "win-x64", "--self-contained",
            "-o", Path.Combine(_directory, "app"), "--artifacts-path", Path.Combine(_directory, "artifacts"),
            "-v", "quiet", "-nodeReuse:false", "-p:UseSharedCompilation=false", "-p:RunAnalyzers=false", "-p:EnforceCodeStyleInBuild=false",
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // The build that has started these tests has set variables for itself.
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name);

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(PublishLimit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"to publish {project} took more than {PublishLimit.TotalMinutes} minutes");
        }

        // A server of the build may keep the pipes open: then the reading ends with an exception, which nobody else looks at.
        _ = Task.WhenAll(output, error).ContinueWith(ended => _ = ended.Exception, TaskScheduler.Default);
        Assert.True(process.ExitCode == 0, $"publishing {project} for Windows failed:\n{output.Result}{error.Result}");
    }
}

/// <summary>The tests that share the build.</summary>
[CollectionDefinition(WindowsBuild.Collection)]
public sealed class WindowsTests : ICollectionFixture<WindowsBuild>;
