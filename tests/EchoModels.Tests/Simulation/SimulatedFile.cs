using EchoModels.Kernel;

namespace EchoModels.Tests.Simulation;

/// <summary>What a descriptor stands for; of a selector itself it is all there is to know.</summary>
internal class SimulatedFile
{
    protected const Interest Everything = Interest.Read | Interest.Write | Interest.EndOrUrgent;

    /// <summary>The descriptor; -1 while it has none, as in the backlog.</summary>
    public int Number { get; set; } = -1;

    /// <summary>The token that the set has given it, known from the first call with it.</summary>
    public Token Token { get; set; } = Token.None;

    /// <summary>Whether a call that can do nothing sleeps.</summary>
    public bool IsBlocking { get; set; } = true;

    /// <summary>The selector that watches it.</summary>
    public SimulatedSelector? Watcher { get; set; }

    /// <summary>Whether it has an error or has hung up, which is told whatever it is watched for.</summary>
    public virtual bool HasHungUp => false;

    public override string ToString() => $"number {Number} ({Token.Slot}.{Token.Generation})";

    /// <summary>What it is ready for now. See poll in the kernel's file operations.</summary>
    public virtual Interest Poll() => Interest.None;

    /// <summary>Something has changed that may make it ready for this.</summary>
    protected void Raise(Interest change) => Watcher?.Changed(this, change);
}
