using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using EchoModels.Cli.Client;
using EchoModels.Cli.CommandLine;
using EchoModels.Kernel;
using EchoModels.Selectors;

namespace EchoModels.Cli.Commands;

/// <summary>echomodels client: many clients at once that check every byte, or one connection for a person.</summary>
internal static class ClientCommand
{
    private const string Examples = """
          echomodels client                                   20 clients for 5 seconds, as fast as the server can
          echomodels client --count 1000 --duration 10s       more of them, for longer
          echomodels client --count 20 --think 3s             clients that pause between messages
          echomodels client --rate 10000 --json               10,000 messages a second by the clock, for a program to read
          echomodels client --messages 10 --size 1000000      10 messages each, larger than all buffers on the way
          echomodels client --interactive                     one connection: type lines, see what comes back
        """;

    private static readonly TimeSpan MinTime = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan MaxTime = TimeSpan.FromHours(24);

    private static readonly Option<int> Count = Values.Count("--count", "-c", "how many clients at once", 1, 20_000, 20);
    private static readonly Option<string> Host = Values.Make("--host", "", "where the server is; each address of a name is tried",
        "127.0.0.1", HostAddresses.TryHost, HostAddresses.Accepted);
    private static readonly Option<int> Port = CommonOptions.Port();
    private static readonly Option<TimeSpan> Duration =
        Values.Duration("--duration", "-d", "how long to send messages", MinTime, MaxTime, TimeSpan.FromSeconds(5));
    private static readonly Option<int?> Messages =
        Values.OptionalCount("--messages", "-n", "how many messages each client sends, instead of a duration", 1, int.MaxValue);
    private static readonly Option<int> Size = Values.Size("--size", "-s", "bytes a message", 1, 16 * 1024 * 1024, 64);
    private static readonly Option<int> Pipeline =
        Values.Count("--pipeline", "-P", "messages that each client has in flight at once", 1, 1_024, 1);
    private static readonly Option<int?> Rate =
        Values.OptionalCount("--rate", "-R", "messages a second over all clients, evenly spaced, whether echoes are back or not", 1, 10_000_000);
    private static readonly Option<TimeSpan> Think =
        Values.Duration("--think", "", "the pause between an echo and the next message", TimeSpan.Zero, MaxTime, TimeSpan.Zero);
    private static readonly Option<TimeSpan> WaitLimit =
        Values.Duration("--timeout", "", "how long a client waits for the server", MinTime, MaxTime, TimeSpan.FromSeconds(5));
    private static readonly Option<bool> Interactive = new("--interactive", "-i") { Description = "talk to the server yourself" };
    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create()
    {
        Verb command = new(
            "client", "drive an echo server with many clients at once and check every byte, or talk to it yourself", Examples)
        {
            Count, Host, Port, Duration, Messages, Size, Pipeline, Rate, Think, WaitLimit, Interactive, Json,
        };
        command.Validators.Add(RefuseContradictions);
        command.SetAction(parsed =>
        {
            return parsed.GetValue(Interactive) ? RunInteractive(parsed) : RunLoad(parsed);
        });
        return command;
    }

    /// <summary>Looks only at which options are given: the value of an option that could not be parsed would throw.</summary>
    private static void RefuseContradictions(CommandResult command)
    {
        RefuseBoth(command, Duration, Messages);
        RefuseBoth(command, Rate, Think);
        foreach (Option option in new Option[] { Count, Duration, Messages, Size, Pipeline, Rate, Think, Json })
        {
            if (IsGiven(command, Interactive) && IsGiven(command, option))
                command.AddError($"{option.Name} means nothing with --interactive: accepted are --host, --port, --timeout");
        }
    }

    private static void RefuseBoth(CommandResult command, Option one, Option other)
    {
        if (IsGiven(command, one) && IsGiven(command, other))
            command.AddError($"{one.Name} and {other.Name} exclude each other: accepted is one of them");
    }

    private static bool IsGiven(CommandResult command, Option option) => command.GetResult(option) is { Implicit: false };

    private static int RunInteractive(ParseResult parsed)
    {
        string host = parsed.GetRequiredValue(Host);
        IReadOnlyList<IPEndPoint> addresses = HostAddresses.Resolve(host, parsed.GetValue(Port), CancellationToken.None);
        bool byName = !HostAddresses.TryAddress(host, out _);
        using IKernel kernel = SystemKernel.Open(new CallCounters());
        using ISelector selector = OpenSelector(kernel);
        new InteractiveClient(addresses, byName, parsed.GetValue(WaitLimit), kernel, selector).Run();
        return ExitCode.Ok;
    }

    private static int RunLoad(ParseResult parsed)
    {
        StandardStreams.DemandOutput();
        using Interruption interruption = new();
        ClientOptions options = Options(parsed, interruption.Token);
        using IKernel kernel = SystemKernel.Open(new CallCounters());
        using ISelector selector = OpenSelector(kernel);
        try
        {
            using LoadRun run = new(options, selector, kernel, ProgressLine.OnStandardError());
            return Run(run, options, selector, kernel, parsed.GetValue(Json), interruption.Token);
        }
        catch (OutOfMemoryException)
        {
            throw new RunFailedException(
                FormattableString.Invariant($"not enough memory for {options.Connections:N0} connections with {options.Pipeline:N0} messages in flight each; choose less with --count or --pipeline"));
        }
        catch (IOException failure) when (failure is not BrokenPipeException)
        {
            throw new RunFailedException(failure.Message);
        }
    }

    private static int Run(LoadRun run, ClientOptions options, ISelector selector, IKernel kernel, bool json, CancellationToken stop)
    {
        using CancellationTokenRegistration registration = stop.Register(run.Interrupt);
        LoadRun.WarmUp(options, selector, kernel);
        MeasuredServer server = new([options.Server, .. options.OtherAddresses]);
        run.Run();

        ClientReport report = ClientReport.Of(run) with { Model = server.ModelAt(run.Faults.Server) };
        string? failure = run.Describe();
        if (json)
            Console.Out.WriteLine(report.ToJson());
        else if (failure is null || run.Answers.Latency.Count > 0)
            Console.Out.WriteLine(report.ToTable()); // a table without a single message would be zeros

        return failure is null ? ExitCode.Ok : throw new RunFailedException(failure);
    }

    private static ClientOptions Options(ParseResult parsed, CancellationToken stop)
    {
        IReadOnlyList<IPEndPoint> addresses;
        try
        {
            addresses = HostAddresses.Resolve(parsed.GetRequiredValue(Host), parsed.GetValue(Port), stop);
        }
        catch (OperationCanceledException)
        {
            throw new RunFailedException($"interrupted: nobody was connected, as the address of '{parsed.GetValue(Host)}' was not found yet");
        }

        return new ClientOptions
        {
            Server = addresses[0],
            OtherAddresses = [.. addresses.Skip(1)],
            Connections = parsed.GetValue(Count),
            Duration = parsed.GetValue(Messages) is null ? parsed.GetValue(Duration) : null,
            Messages = parsed.GetValue(Messages),
            Size = parsed.GetValue(Size),
            Pipeline = parsed.GetValue(Pipeline),
            Rate = parsed.GetValue(Rate),
            Think = parsed.GetValue(Think),
            Timeout = parsed.GetValue(WaitLimit),
        };
    }

    private static ISelector OpenSelector(IKernel kernel)
    {
        try
        {
            (SelectorRow row, ISelector selector) = SelectorProbe.OpenFirst(SelectorTable.OfThisSystem, kernel, out IReadOnlyList<SelectorRefusal> refusals);
            foreach (SelectorRefusal refusal in refusals)
                StdErr.WriteLine($"{refusal.Name} is refused ({refusal.Error}): {row.Name} takes its place");

            return selector;
        }
        catch (IOException refused)
        {
            throw new RunFailedException(refused.Message);
        }
    }
}
