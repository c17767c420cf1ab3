using System.ComponentModel;
using System.Text;
using EchoModels.Cli.Posix;

namespace EchoModels.Cli.CommandLine;

/// <summary>Writes lines to stderr; if that fails (a full disk, no permission), the exit code remains the only report.</summary>
internal static class StdErr
{
    private const int Descriptor = 2;

    public static void WriteLine(string line)
    {
        try
        {
            Console.Error.WriteLine(line);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A failure is reported on stderr, which has just failed.
        }
        catch (Exception failure) when (failure is Win32Exception or OutOfMemoryException && OperatingSystem.IsLinux())
        {
            // The console starts a thread when it is first used, and the system may have none to give.
            byte[] bytes = Encoding.UTF8.GetBytes(line + "\n");
            _ = Libc.Write(Descriptor, bytes, (nuint)bytes.Length);
        }
    }
}
