using System.Diagnostics;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Windows;

/// <summary>wine(1), which runs a program for Windows on Linux; with a directory of its own for everything that such a program sees as its disk.</summary>
internal sealed class Wine : IDisposable
{
    /// <summary>What a test says that cannot run.</summary>
    public const string Missing = "wine64 is missing; install it with: apt-get install wine64 wine";

    /// <summary>The first start fills the directory, which takes ten seconds on an idle machine.</summary>
    private static readonly TimeSpan FirstStart = TimeSpan.FromMinutes(3);

    private static readonly string? Program = Find("wine64");
    private static readonly string? Server = Find("wineserver");

    private readonly string _prefix;
    private readonly Process? _keeper;

    /// <summary>Makes the directory, and starts what there is of Windows.</summary>
    /// <param name="prefix">The directory; it does not exist yet.</param>
    public Wine(string prefix)
    {
        _prefix = prefix;
        try
        {
            Run(Prepare("wineboot", "--init"), FirstStart);

            // Waits for its input until the end. The services of Windows start with the first program and end with the last; as they
            // hold that one's streams open, it is to be none whose output is read to its end.
            _keeper = Process.Start(Prepare("cmd", "/c", "pause"))!;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Whether it is installed.</summary>
    public static bool IsInstalled => Program is not null && Server is not null;

    /// <summary>The directories of the users on its disk.</summary>
    public string Users => Path.Combine(_prefix, "drive_c", "users");

    /// <summary>How to start a program for Windows; all three streams are pipes.</summary>
    public ProcessStartInfo Prepare(string program, params string[] arguments) => Prepare([Program!, program, .. arguments]);

    /// <summary>Ends everything that runs in it.</summary>
    public void Dispose()
    {
        Run(Prepare([Server!, "--kill"]), Limit.Generous, mayFail: true); // it fails if nothing runs any more
        Run(Prepare([Server!, "--wait"]), Limit.Generous);
        _keeper?.WaitForExit(Limit.Generous);
        _keeper?.Dispose();
    }

    private static string? Find(string name)
    {
        string[] directories = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/lib/wine"];
        return directories.Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);
    }

    private ProcessStartInfo Prepare(string[] words)
    {
        ProcessStartInfo start = new(words[0], words[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.Environment["WINEPREFIX"] = _prefix;
        start.Environment["WINEDEBUG"] = "-all";
        start.Environment["WINEDLLOVERRIDES"] = "winemenubuilder.exe="; // no menu of the desktop is changed
        start.Environment["DISPLAY"] = "";
        start.Environment["DOTNET_EnableDiagnostics"] = "0";

        // Under Wine, the finalizer of a method that was compiled at run time can end the process: so nothing is collected in so short a run.
        start.Environment["DOTNET_GCgen0size"] = "10000000"; // hexadecimal: 256 MiB
        return start;
    }

    /// <summary>Runs a program whose processes may keep its streams open after its end, as those of Windows do that go on.</summary>
    private static void Run(ProcessStartInfo start, TimeSpan limit, bool mayFail = false)
    {
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        if (!process.WaitForExit(limit))
        {
            process.Kill();
            Assert.Fail($"'{start.FileName} {string.Join(' ', start.ArgumentList)}' did not end within {limit.TotalSeconds} s");
        }

        Assert.True(mayFail || process.ExitCode == 0, $"'{start.FileName} {string.Join(' ', start.ArgumentList)}' ended with {process.ExitCode}");
    }
}
