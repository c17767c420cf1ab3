using EchoModels.Models;
using EchoModels.Selectors;

namespace EchoModels;

/// <summary>One model's line in the table of contents.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Summary">The lesson in one line.</param>
/// <param name="WaitsIn">The call that it sleeps in when there is nothing to do.</param>
/// <param name="Threads">How many threads serve.</param>
/// <param name="WhyNot">Why it cannot be had here; null if it can. May make system calls to find out.</param>
/// <param name="Create">Makes one.</param>
public sealed record ModelRow(
    string Name,
    string Summary,
    string WaitsIn,
    string Threads,
    Func<string?> WhyNot,
    Func<ModelContext, IEchoServer> Create)
{
    /// <summary>The settings that it uses, besides those that every model has.</summary>
    public ModelOptions Options { get; init; }

    public override string ToString() => Name;
}

/// <summary>The table of contents: every model, in the order in which a course would take them.</summary>
public static class ModelTable
{
    public static IReadOnlyList<ModelRow> Rows { get; } =
    [
        new("blocking",  "one client at a time; the second waits",            "accept(2), recv(2)", "1",
            Always, context => new BlockingServer(() => context.Selectors.Open("poll"))),

        new("threads",   "one thread per connection, each asleep in recv",    "recv(2)",            "1 a client",
            Always, _ => new ThreadPerConnectionServer()),

        new("busy-poll", "one thread that never sleeps and asks every socket", "nothing",           "1",
            Always, _ => new BusyPollServer()),

        new("select",    "one thread, one list handed over at every wait",    "Socket.Select",      "1",
            Always, context => new ReactorServer(() => context.Selectors.Open("select"))) { Options = ModelOptions.Selector },

        new("poll",      "as select, with an array that is kept in place",    "poll(2)",            "1",
            () => WhyNot("poll"), context => new ReactorServer(() => context.Selectors.Open("poll"))) { Options = ModelOptions.Selector },

        new("epoll",     "the kernel keeps the list and returns who is ready", "epoll_wait(2)",     "1",
            () => WhyNot("epoll"), context => new ReactorServer(() => context.Selectors.Open("epoll"))) { Options = ModelOptions.Selector },

        new("async",     "async/await: what waits is the rest of a method, not a thread",
            "the runtime's epoll_wait(2) (IOCP on Windows)", "the runtime's",
            Always, context => new AsyncServer(context.Tally)),
    ];

    /// <summary>The row of this name, or null.</summary>
    public static ModelRow? Find(string name) => Rows.FirstOrDefault(row => row.Name == name);

    private static string? Always() => null;

    private static string? WhyNot(string selector) => SelectorTable.WhyNot(SelectorTable.Find(selector));
}
