using System.CommandLine;

namespace EchoModels.Cli.CommandLine;

/// <summary>A command whose help ends with examples.</summary>
internal sealed class Verb(string name, string description, string examples) : Command(name, description)
{
    /// <summary>Example command lines, one a line.</summary>
    public string Examples => examples;
}
