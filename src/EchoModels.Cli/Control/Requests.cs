using System.Text.Json;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Serving;

namespace EchoModels.Cli.Control;

/// <summary>The control channel's language: <c>switch MODEL</c> and <c>status</c>, each answered with one line of JSON.</summary>
internal static class Requests
{
    public static string Answer(string line, EchoHost host, StatusSource status)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words switch
        {
            ["status"] => JsonSerializer.Serialize(status.Take(), Wire.Readable.StatusReport),
            ["switch", string name] when ModelTable.Find(name) is { } model => Switch(host, model),
            ["switch", string name] => Refuse($"unknown model '{Printable.Escape(name)}'"),
            _ => Refuse("accepted is 'status' or 'switch MODEL'"),
        };
    }

    private static string Switch(EchoHost host, ModelRow model)
    {
        try
        {
            return JsonSerializer.Serialize(host.Switch(model), Wire.Readable.SwitchReport);
        }
        catch (SwitchRefusedException refusal)
        {
            return Refuse(refusal.Message);
        }
    }

    private static string Refuse(string why) => JsonSerializer.Serialize(new Refusal(why), Wire.Readable.Refusal);
}
