using System.Reflection;
using EchoModels.Connections;
using EchoModels.Events;
using Xunit;

namespace EchoModels.Tests.Structure;

/// <summary>The namespaces of the library are layers: each refers only to those below it, so there is no cycle.</summary>
public sealed class ArrowTests
{
    private static readonly Assembly Library = typeof(EchoHost).Assembly;

    /// <summary>From the bottom up; those of one layer do not refer to each other.</summary>
    private static readonly string[][] Layers =
    [
        ["EchoModels.Posix", "EchoModels.Windows"],
        ["EchoModels.Kernel"],
        ["EchoModels.Events"],
        ["EchoModels.Connections"],
        ["EchoModels.Selectors"],
        ["EchoModels.Threading"],
        ["EchoModels.EventLoops"],
        ["EchoModels.IoUring", "EchoModels.Processes", "EchoModels.Async"],
        ["EchoModels.Models"],
        ["EchoModels"],
    ];

    public static TheoryData<string> Namespaces => [.. Layers.SelectMany(layer => layer)];

    [Theory]
    [MemberData(nameof(Namespaces))]
    public void Refers_only_to_the_layers_below_it(string name)
    {
        Type[] types = [.. Types().Where(type => type.Namespace == name)];
        string[] wrong = [.. types.SelectMany(Upward).Distinct().Order()];

        Assert.NotEmpty(types);
        Assert.True(wrong.Length == 0, string.Join("; ", wrong));
    }

    /// <summary>The reader of references would find nothing wrong if it found nothing at all.</summary>
    [Fact]
    public void Finds_references_in_signatures_fields_and_code()
    {
        HashSet<Type> references = TypeReferences.Of(typeof(EchoHost));

        Assert.Contains(typeof(SocketSet), references); // a parameter and a field
        Assert.Contains(Library.GetType("EchoModels.GracefulShutdown")!, references); // only called
        Assert.Contains(typeof(Draining), references); // only made
    }

    [Fact]
    public void Has_every_type_in_a_layer() =>
        Assert.Empty(Types().Select(type => type.Namespace).Distinct().Except(Layers.SelectMany(layer => layer)));

    /// <summary>The rule that keeps log lines and the command line out of the library.</summary>
    [Fact]
    public void Needs_nothing_but_the_base_class_library() =>
        Assert.All(Library.GetReferencedAssemblies(), reference => Assert.StartsWith("System.", reference.Name, StringComparison.Ordinal));

    [Fact]
    public void Opens_its_internals_to_the_tests_only() =>
        Assert.Equal(["EchoModels.Tests"], Library.GetCustomAttributes<System.Runtime.CompilerServices.InternalsVisibleToAttribute>().Select(one => one.AssemblyName));

    private static IEnumerable<Type> Types() => Library.GetTypes().Where(type => type.Namespace?.StartsWith("EchoModels", StringComparison.Ordinal) == true);

    private static IEnumerable<string> Upward(Type type) => TypeReferences.Of(type)
        .Where(other => other.Namespace != type.Namespace && LayerOf(other) >= LayerOf(type))
        .Select(other => $"{type.FullName} refers to {other.FullName}");

    private static int LayerOf(Type type) => Array.FindIndex(Layers, layer => layer.Contains(type.Namespace));
}
