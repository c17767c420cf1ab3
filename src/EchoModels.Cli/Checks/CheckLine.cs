namespace EchoModels.Cli.Checks;

/// <summary>How one thing is on this machine.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="State">ok; note, if something is less than it could be; or fix, if a class would fail because of it.</param>
/// <param name="Finding">What was found.</param>
/// <param name="Advice">What to do; null where there is nothing to do.</param>
internal sealed record CheckLine(string Name, string State, string Finding, string? Advice)
{
    public const string IsOk = "ok";
    public const string IsNote = "note";
    public const string IsFix = "fix";

    public static CheckLine Ok(string name, string finding) => new(name, IsOk, finding, null);

    public static CheckLine Note(string name, string finding, string advice) => new(name, IsNote, finding, advice);

    public static CheckLine Fix(string name, string finding, string advice) => new(name, IsFix, finding, advice);
}
