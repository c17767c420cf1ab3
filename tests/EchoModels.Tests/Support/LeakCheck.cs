using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EchoModels.Tests.Support;

/// <summary>The descriptors and threads of the process, so that a test can check that it leaves none.</summary>
/// <remarks>
/// The runtime's own threads, all named ".NET ...", are not counted, as the runtime starts and ends them at any time; nor are
/// plain files, which it opens to load an assembly. Sockets, pipes and epolls have a colon in their name: "socket:[4711]".
/// </remarks>
internal sealed class LeakCheck
{
    private static readonly Lazy<bool> Warm = new(WarmUp);

    private readonly string[] _descriptors;
    private readonly string[] _threads;

    private LeakCheck()
    {
        _descriptors = [.. Names("/proc/self/fd", entry => File.ResolveLinkTarget(entry, false)?.Name).Where(name => name.Contains(':', StringComparison.Ordinal))];
        _threads = [.. Names("/proc/self/task", entry => File.ReadAllText($"{entry}/comm").Trim()).Where(name => !name.StartsWith(".NET", StringComparison.Ordinal))];
    }

    public static LeakCheck Now()
    {
        _ = Warm.Value;
        return new LeakCheck();
    }

    /// <summary>Waits until the process has no more of them than before; fails if it still has after some seconds.</summary>
    public void AssertNothingIsLeft()
    {
        LeakCheck now = Now();
        for (int tries = 0; tries < 500 && (now._descriptors.Length > _descriptors.Length || now._threads.Length > _threads.Length); tries++)
        {
            Thread.Sleep(10);
            now = Now();
        }

        Assert.True(now._descriptors.Length <= _descriptors.Length, $"descriptors left: {Difference(now._descriptors, _descriptors)}");
        Assert.True(now._threads.Length <= _threads.Length, $"threads left: {Difference(now._threads, _threads)}");
    }

    private static string Difference(string[] now, string[] before)
    {
        List<string> left = [.. now];
        foreach (string name in before)
            left.Remove(name);

        return $"{now.Length} instead of {before.Length}: {string.Join(", ", left.Take(20))}";
    }

    private static IEnumerable<string> Names(string directory, Func<string, string?> name)
    {
        foreach (string entry in Directory.GetFileSystemEntries(directory))
        {
            string? found = null;
            try
            {
                found = name(entry);
            }
            catch (IOException)
            {
                // It has been closed, or has ended, since it was listed.
            }

            if (found is not null)
                yield return found;
        }
    }

    /// <summary>Has the runtime open what it never closes, such as its socket engine, before anything is counted.</summary>
    private static bool WarmUp()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using TcpClient client = new();
        client.ConnectAsync((IPEndPoint)listener.LocalEndpoint).GetAwaiter().GetResult();
        using Socket accepted = listener.AcceptSocketAsync().GetAwaiter().GetResult();
        return true;
    }
}
