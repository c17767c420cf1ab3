using System.CommandLine;
using System.CommandLine.Parsing;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Source;
using EchoModels.Selectors;

namespace EchoModels.Cli.Commands;

/// <summary>echomodels source: the pages of a model, as this program was built from them.</summary>
internal static class SourceCommand
{
    private const string Examples = """
          echomodels source blocking                          the model's page
          echomodels source epoll                             its page, its loops and its selector, one after the other
          echomodels source --selector poll                   the page of a selector
          echomodels source --list                            the tree of all pages
          echomodels source Connections/Connection.cs         any page of the tree
          echomodels source threads | less
        """;

    private static readonly string[] SelectorNames = [.. SelectorTable.Rows.Concat(SelectorTable.Dedicated).Select(row => row.Name).Where(name => SelectorPage(name) is not null)];

    public static Command Create()
    {
        Accepted accepted = Accepted.OneOf([.. ModelTable.Rows.Select(row => row.Name)]);
        accepted = accepted with { Text = $"{accepted.Text}; or a page of --list" };
        Argument<IReadOnlyList<string>?> model = new("MODEL")
        {
            Description = "the model whose pages are printed",
            Arity = ArgumentArity.ZeroOrOne,
            DefaultValueFactory = _ => null,
            CustomParser = result => Values.Parse<IReadOnlyList<string>?>(result, "MODEL", TryPages, accepted),
        };
        accepted.TellFor(model);
        Option<string?> selector = Values.OptionalOneOf("--selector", "prints the page of a selector", SelectorNames);
        Option<bool> list = new("--list") { Description = "list all pages" };
        Verb command = new("source", "print the code of a model: the pages to read, in order", Examples) { model, selector, list };
        command.Validators.Add(result => RefuseUnlessOne(result, model, selector, list));
        command.SetAction(parsed => Run(parsed.GetValue(model), parsed.GetValue(selector), parsed.GetValue(list)));
        return command;
    }

    private static int Run(IReadOnlyList<string>? pages, string? selector, bool list)
    {
        if (list)
            PrintTree();
        else
            Print(pages ?? [SelectorPage(selector!)!]);

        return ExitCode.Ok;
    }

    private static void RefuseUnlessOne(CommandResult result, params Symbol[] symbols)
    {
        int given = symbols.Count(symbol => symbol is Argument argument ? result.GetResult(argument) is { Tokens.Count: > 0 } : result.GetResult((Option)symbol) is { Implicit: false });
        if (given != 1)
            result.AddError($"{(given == 0 ? "nothing to print" : "too much to print")}: accepted is one of MODEL, --selector NAME, --list");
    }

    private static bool TryPages(string text, out IReadOnlyList<string>? pages)
    {
        pages = ModelTable.Find(text)?.Pages ?? (EmbeddedSource.Find(text) is { } page ? [page] : null);
        return pages is not null;
    }

    /// <summary>The page of a selector, as the model that is about it names it.</summary>
    private static string? SelectorPage(string name) =>
        ModelTable.Find(name == "epoll-edge" ? "epoll" : name)?.Pages.FirstOrDefault(page => page.StartsWith("Selectors/", StringComparison.Ordinal));

    private static void Print(IReadOnlyList<string> pages)
    {
        bool hasColours = Colour.IsFor(Console.IsOutputRedirected);
        foreach ((int index, string page) in pages.Index())
        {
            string text = EmbeddedSource.Read(page).TrimEnd('\n') + "\n";
            if (pages.Count > 1)
                text = $"{(index > 0 ? "\n" : "")}// {page}\n\n{text}";

            Console.Out.Write(hasColours ? Highlighter.Colour(text) : text);
        }
    }

    private static void PrintTree()
    {
        string folder = "";
        foreach (string path in EmbeddedSource.Paths.OrderBy(path => path.Contains('/')).ThenBy(path => path, StringComparer.Ordinal))
        {
            string parent = path.Contains('/') ? path[..(path.LastIndexOf('/') + 1)] : "";
            if (parent != folder)
                Console.Out.WriteLine(parent);

            folder = parent;
            string name = (parent.Length > 0 ? "  " : "") + path[parent.Length..];
            Console.Out.WriteLine($"{name,-36} {EmbeddedSource.Read(path).Count(letter => letter == '\n'),4} lines");
        }
    }
}
