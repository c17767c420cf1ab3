using System.Reflection;

namespace EchoModels.Cli.Serving;

/// <summary>Loads what would be loaded later, while there are descriptors to load it with.</summary>
/// <remarks>
/// The runtime opens an assembly's file when its code is first needed. Should that be in the moment when a crowd of clients has
/// taken every descriptor, the program would end on a missing library.
/// </remarks>
internal static class Warmup
{
    public static void LoadAssemblies()
    {
        HashSet<string> seen = [];
        Queue<Assembly> queue = new([typeof(Warmup).Assembly]);
        while (queue.TryDequeue(out Assembly? assembly))
        {
            foreach (AssemblyName name in assembly.GetReferencedAssemblies())
            {
                if (seen.Add(name.FullName) && TryLoad(name) is { } loaded)
                    queue.Enqueue(loaded);
            }
        }
    }

    private static Assembly? TryLoad(AssemblyName name)
    {
        try
        {
            return Assembly.Load(name);
        }
        catch (IOException)
        {
            return null; // referenced, never used, and not there
        }
    }
}
