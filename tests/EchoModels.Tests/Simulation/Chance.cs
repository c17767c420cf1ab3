namespace EchoModels.Tests.Simulation;

/// <summary>The only source of chance in a simulation: the same seed makes the same decisions in the same order.</summary>
/// <remarks>SplitMix64 (Steele, Lea and Flood, 2014): unlike those of <see cref="Random"/>, neighbouring seeds have nothing in common.</remarks>
internal sealed class Chance(int seed)
{
    private ulong _state = (uint)seed;

    /// <summary>True once in so many times; never for 0.</summary>
    public bool OneIn(int times) => times > 0 && Below(times) == 0;

    /// <summary>A number of this range, the ends included.</summary>
    public int Between(int least, int most) => least + Below(most - least + 1);

    /// <summary>A number of this range; each order of magnitude is as likely as the others.</summary>
    public int Scaled(int least, int most) => (int)Math.Round(least * Math.Pow((double)most / least, Below(1 << 20) / (double)(1 << 20)));

    public T Pick<T>(params ReadOnlySpan<T> values) => values[Below(values.Length)];

    public void Shuffle<T>(Span<T> values)
    {
        for (int left = values.Length; left > 1; left--)
        {
            int chosen = Below(left);
            (values[left - 1], values[chosen]) = (values[chosen], values[left - 1]);
        }
    }

    private int Below(int limit) => (int)Math.BigMul(Next(), (ulong)limit, out _);

    private ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        ulong mixed = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}
