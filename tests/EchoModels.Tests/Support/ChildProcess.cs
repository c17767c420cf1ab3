using System.Globalization;
using System.Text;
using EchoModels.Posix;

namespace EchoModels.Tests.Support;

/// <summary>A child process as /proc shows it. See proc(5).</summary>
internal sealed class ChildProcess(int id)
{
    public const int SIGKILL = 9;
    public const int SIGSTOP = 19;

    public int Id => id;

    /// <summary>Whether it exists, if only as a zombie.</summary>
    public bool Exists => Directory.Exists($"/proc/{id}");

    /// <summary>The numbers of its open descriptors.</summary>
    public IEnumerable<int> Descriptors =>
        Directory.GetFileSystemEntries($"/proc/{id}/fd").Select(entry => int.Parse(Path.GetFileName(entry), CultureInfo.InvariantCulture)).Order();

    /// <summary>What a descriptor is open on.</summary>
    public string Target(int descriptor) => File.ResolveLinkTarget($"/proc/{id}/fd/{descriptor}", returnFinalTarget: false)!.Name;

    public int Group => int.Parse(File.ReadAllText($"/proc/{id}/stat").Split(')')[^1].Split(' ')[3], CultureInfo.InvariantCulture);

    /// <summary>R for running, S for sleeping, T for stopped, Z for a zombie.</summary>
    public char State => File.ReadAllText($"/proc/{id}/stat").Split(')')[^1][1];

    public string Name => File.ReadAllText($"/proc/{id}/comm", Encoding.UTF8).Trim();

    /// <summary>Sends it a signal. A number of 0 or less would mean a group of processes.</summary>
    public void Signal(int signal)
    {
        if (id <= 1 || Libc.Kill(id, signal) != 0)
            throw new InvalidOperationException($"{id} is no process to send a signal to");
    }

    /// <summary>The signals from 1 to 31 of one of its masks, such as SigIgn.</summary>
    public uint Signals(string mask)
    {
        string line = File.ReadLines($"/proc/{id}/status").Single(line => line.StartsWith($"{mask}:", StringComparison.Ordinal));
        return (uint)(ulong.Parse(line.Split('\t')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & 0x7fff_ffff);
    }
}
