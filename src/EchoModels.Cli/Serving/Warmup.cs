using System.Reflection;

namespace EchoModels.Cli.Serving;

/// <summary>Loads what would be loaded later, while there are descriptors to load it with.</summary>
/// <remarks>
/// The runtime opens an assembly's file when its code is first needed. Should that be in the moment when a crowd of clients has
/// taken every descriptor, the program would end on a missing library.
/// </remarks>
internal static class Warmup
{
    /// <summary>Loads what the server's own assemblies refer to directly; what those need in turn, the headroom is for.</summary>
    public static void LoadAssemblies()
    {
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
            // Referenced, never used, and not there.
        }
    }
}
