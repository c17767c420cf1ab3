using System.Text;
using EchoModels.Cli.Posix;

namespace EchoModels.Cli.CommandLine;

/// <summary>The three standard descriptors as the parent process left them: each is inherited, or closed.</summary>
/// <remarks>
/// Where one is closed, the runtime's own files have taken its number before the program begins, and to read or write there would
/// reach those. The two cases are told apart by the flag FD_CLOEXEC: execve(2) closes every descriptor that has it, so an inherited
/// one does not, and the runtime sets it on all of its own. On other systems all three count as inherited.
/// </remarks>
internal static class StandardStreams
{
    private const int Input = 0;
    private const int Output = 1;
    private const int Error = 2;

    /// <summary>Whether the parent has left a standard input.</summary>
    public static bool HasInput { get; private set; } = true;

    /// <summary>Whether the parent has left a standard output.</summary>
    public static bool HasOutput { get; private set; } = true;

    /// <summary>Finds out which are inherited, and replaces the console's writers; called once, before anything is written.</summary>
    public static void Install()
    {
        if (!OperatingSystem.IsLinux())
        {
            _ = Console.Error;
            return;
        }

        HasInput = IsInherited(Input);
        HasOutput = IsInherited(Output);
        bool hasError = IsInherited(Error);
        TakeFreeNumbers();

        Console.SetOut(new StreamWriter(new StandardOutput(HasOutput ? Output : -1), EncodingOf(Console.OutputEncoding)) { AutoFlush = true });
        if (hasError)
            _ = Console.Error; // opens it while a descriptor is free, so that later errors can be reported
        else
            Console.SetError(TextWriter.Null);
    }

    /// <summary>Returns if there is a standard output to write results to.</summary>
    /// <exception cref="IOException">It is closed.</exception>
    public static void DemandOutput()
    {
        if (!HasOutput)
            throw StandardOutput.Closed();
    }

    /// <summary>Whether a number was open when the program was started. See FD_CLOEXEC in fcntl(2).</summary>
    private static bool IsInherited(int number)
    {
        int flags = Libc.FileControl(number, Libc.F_GETFD, 0);
        return flags >= 0 && (flags & Libc.FD_CLOEXEC) == 0;
    }

    /// <summary>Opens the null device on each of the three numbers that is still free, so that no connection gets it.</summary>
    private static void TakeFreeNumbers()
    {
        int number;
        do
            number = Libc.Open("/dev/null", Libc.O_RDWR | Libc.O_CLOEXEC, 0);
        while (number is >= Input and <= Error);

        _ = Libc.Close(number);
    }

    /// <summary>The same encoding without a byte order mark.</summary>
    private static Encoding EncodingOf(Encoding encoding) => encoding is UTF8Encoding ? new UTF8Encoding(encoderShouldEmitUTF8Identifier: false) : encoding;
}
