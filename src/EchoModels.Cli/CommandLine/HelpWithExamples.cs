using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Globalization;
using System.Text.RegularExpressions;

namespace EchoModels.Cli.CommandLine;

/// <summary>The library's help, with what each option accepts, default times as on a command line, and examples.</summary>
internal sealed partial class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    /// <summary>Replaces the library's own help action.</summary>
    public static void Install(RootCommand root)
    {
        HelpOption option = root.Options.OfType<HelpOption>().First();
        HelpAction help = (HelpAction)option.Action!;
        help.MaxWidth = Console.IsOutputRedirected ? int.MaxValue : Math.Max(40, Console.WindowWidth);
        option.Action = new HelpWithExamples(help);
    }

    public override int Invoke(ParseResult parsed)
    {
        TextWriter output = parsed.InvocationConfiguration.Output;
        using StringWriter text = new(CultureInfo.InvariantCulture);
        parsed.InvocationConfiguration.Output = text;
        Command command = parsed.CommandResult.Command;
        AddAccepted(command);
        int code = help.Invoke(parsed);

        output.Write(DefaultTime().Replace(text.ToString(), match => $"[default:{match.Groups[1].Value}{Seconds(match.Groups[2].ValueSpan)}]").TrimEnd() + "\n");
        if (command is Verb verb)
            output.WriteLine($"\nExamples:\n{Fit(verb.Examples)}");
        else
            output.WriteLine("\nTry 'echomodels help COMMAND' for a command's options and examples.");

        return code;
    }

    /// <summary>Appends to each description what is accepted; once, as the program ends with the help.</summary>
    private static void AddAccepted(Command command)
    {
        foreach (Symbol symbol in command.Options.Cast<Symbol>().Concat(command.Arguments).Where(Accepted.IsKnownFor))
            symbol.Description = $"{symbol.Description}; accepted is {Accepted.By(symbol).Text}";
    }

    /// <summary>In a window too narrow for a command line and its explanation, the explanation moves to the next line.</summary>
    private string Fit(string examples) => examples.Split('\n').Max(line => line.Length) <= help.MaxWidth
        ? examples
        : Explained().Replace(examples, "$1\n      $2");

    /// <summary>A command line, a gap, and its explanation.</summary>
    [GeneratedRegex(@"^(  .*?\S) {2,}(\S.*)$", RegexOptions.Multiline)]
    private static partial Regex Explained();

    private static string Seconds(ReadOnlySpan<char> time) =>
        string.Create(CultureInfo.InvariantCulture, $"{TimeSpan.Parse(time, CultureInfo.InvariantCulture).TotalSeconds:0.######}s");

    /// <summary>A TimeSpan as the library prints it.</summary>
    [GeneratedRegex(@"\[default:(\s+)(\d\d:\d\d:\d\d(?:\.\d+)?)\]")]
    private static partial Regex DefaultTime();
}
