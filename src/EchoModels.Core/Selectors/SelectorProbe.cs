using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Selectors;

/// <summary>A selector that was refused, and the error that refused it.</summary>
public sealed record SelectorRefusal(string Name, string Error);

/// <summary>Finds out which selectors work here, by real calls: a sandbox may allow less than its operating system's name promises.</summary>
/// <remarks>A selector is opened, its waker is added, and it is asked once, without waiting, which sockets are ready.</remarks>
public static class SelectorProbe
{
    /// <summary>Why a selector is not available here; null if it is.</summary>
    public static string? UnavailableReason(SelectorRow row)
    {
        try
        {
            OpenWorking(row, SystemKernel.Open(new CallCounters())).Dispose();
            return null;
        }
        catch (Exception refusal) when (IsRefusal(refusal))
        {
            return refusal.Message;
        }
    }

    /// <summary>Opens the first selector of these rows that the system grants.</summary>
    /// <param name="rows">In order of preference.</param>
    /// <param name="kernel">Makes the calls.</param>
    /// <param name="refusals">Those that were refused before it.</param>
    /// <returns>The selector and its row.</returns>
    /// <exception cref="IOException">All were refused; the message names each and its error.</exception>
    public static (SelectorRow Row, ISelector Selector) OpenFirst(
        IEnumerable<SelectorRow> rows, IKernel kernel, out IReadOnlyList<SelectorRefusal> refusals)
    {
        List<SelectorRefusal> refused = [];
        refusals = refused;
        foreach (SelectorRow row in rows)
        {
            try
            {
                return (row, OpenWorking(row, kernel));
            }
            catch (Exception refusal) when (IsRefusal(refusal))
            {
                refused.Add(new SelectorRefusal(row.Name, refusal.Message));
            }
        }

        throw new IOException($"no selector is available: {string.Join("; ", refused.Select(row => $"{row.Name} ({row.Error})"))}");
    }

    private static ISelector OpenWorking(SelectorRow row, IKernel kernel)
    {
        ISelector selector = kernel.OpenSelector(row);
        try
        {
            selector.Wait(0);
            return selector;
        }
        catch
        {
            selector.Dispose();
            throw;
        }
    }

    /// <summary>The kernel refuses by an error number, an operating system by not having the call at all.</summary>
    private static bool IsRefusal(Exception refusal) =>
        refusal is IOException or SocketException or EntryPointNotFoundException or DllNotFoundException
            or TypeInitializationException;
}
