using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Serving;
using EchoModels.Selectors;
using Serilog.Events;

namespace EchoModels.Cli.Commands;

/// <summary>echomodels serve: the server.</summary>
internal static class ServeCommand
{
    private const string Examples = """
          echomodels serve                                 epoll on 127.0.0.1:8888
          echomodels serve --model threads --port 9000
          echomodels serve -p 9991 -p 9992 -p 9993         one server, three ports
          echomodels serve --bind ::1 --selector poll
        Change the model while it runs with 'echomodels switch', or with the keys 1 to 9.
        """;

    public static Command Create()
    {
        Option<ModelRow> model = CommonOptions.Model();
        Option<int[]> ports = CommonOptions.Ports();
        Option<IPAddress> bind = Values.Address("--bind", "the address to listen on; other machines can reach only what is not loopback", IPAddress.Loopback);
        Option<string> selector = Values.OneOf("--selector", "", "the selector of select, poll and epoll; auto falls back to the next that works",
            "auto", ["auto", .. SelectorTable.Rows.Select(row => row.Name)]);
        Option<int> backlog = Values.Count("--backlog", "", "how many clients may wait to be accepted (the kernel caps it at net.core.somaxconn)", 1, 65535, 4096);
        Option<TimeSpan> drain = Values.Duration("--drain", "", "how long unsent bytes may take to go out at the end",
            TimeSpan.Zero, TimeSpan.FromHours(1), TimeSpan.FromSeconds(5));
        Option<bool> noLive = new("--no-live") { Description = "leave the keyboard alone: no switching by the keys 1 to 9" };
        Option<string> level = Values.OneOf("--log-level", "-l", "the least that is worth a line on stderr",
            "information", "verbose", "debug", "information", "warning", "error", "fatal");

        Verb command = new("serve", "run the echo server", Examples) { model, ports, bind, selector, backlog, drain, noLive, level };
        command.Validators.Add(result => RefuseUnusedSelector(result, model, selector));
        command.SetAction(parsed => ServeRun.Run(new ServeOptions
        {
            Model = parsed.GetRequiredValue(model),
            Selector = SelectorTable.Rows.FirstOrDefault(row => row.Name == parsed.GetValue(selector)),
            EndPoints = [.. parsed.GetRequiredValue(ports).Select(port => new IPEndPoint(parsed.GetRequiredValue(bind), port))],
            Backlog = parsed.GetValue(backlog),
            Drain = parsed.GetValue(drain),
            Keys = !parsed.GetValue(noLive),
            LogLevel = Enum.Parse<LogEventLevel>(parsed.GetRequiredValue(level), ignoreCase: true),
        }));
        return command;
    }

    /// <summary>An option that the chosen model does not use is refused, not ignored.</summary>
    private static void RefuseUnusedSelector(CommandResult result, Option<ModelRow> model, Option<string> selector)
    {
        if (result.Children.Any(child => child.Errors.Any()) || result.GetResult(selector) is not { Implicit: false })
            return;

        ModelRow row = result.GetRequiredValue(model);
        if ((row.Options & ModelOptions.Selector) == 0 && result.GetValue(selector) != "auto")
            result.AddError($"--selector: model {row.Name} uses none; accepted with {CommonOptions.Names(ModelTable.Rows.Where(one => (one.Options & ModelOptions.Selector) != 0))}");
    }
}
