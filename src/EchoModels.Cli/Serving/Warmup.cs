using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace EchoModels.Cli.Serving;

/// <summary>Loads assemblies at the start, while descriptors are free.</summary>
/// <remarks>
/// The runtime opens an assembly's file when its code is first needed. If connections used all descriptors at that time, the
/// program would end with a missing library. A native executable has all its code in one file, and loads nothing.
/// </remarks>
internal static class Warmup
{
    /// <summary>Loads the assemblies that the server's own assemblies refer to; descriptors for indirect references are part of the headroom.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Not reached in a native executable; nothing else is trimmed.")]
    public static void LoadAssemblies()
    {
        if (!RuntimeFeature.IsDynamicCodeSupported)
            return;

        foreach (Assembly own in (Assembly[])[typeof(Warmup).Assembly, typeof(EchoHost).Assembly, typeof(Serilog.Log).Assembly])
        {
            foreach (AssemblyName name in own.GetReferencedAssemblies())
                TryLoad(name);
        }
    }

    private static void TryLoad(AssemblyName name)
    {
        try
        {
            Assembly.Load(name);
        }
        catch (IOException)
        {
            // The assembly is referenced, but not used and not installed.
        }
    }
}
