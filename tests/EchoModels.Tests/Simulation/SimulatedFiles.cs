using EchoModels.Kernel;

namespace EchoModels.Tests.Simulation;

/// <summary>The table of descriptors: the lowest free number is given, and a use of a number that is not open is a fault of the model.</summary>
internal sealed class SimulatedFiles(SimulatedFaults faults)
{
    private const int FirstNumber = 3; // after the standard streams

    private readonly List<SimulatedFile?> _open = [null, null, null];
    private readonly HashSet<Token> _tokens = [];
    private HashSet<int>? _closedInBatch;

    /// <summary>The number that is given next.</summary>
    public int LowestFree
    {
        get
        {
            int free = _open.IndexOf(null, FirstNumber);
            return free < 0 ? _open.Count : free;
        }
    }

    /// <summary>Those of a kind that are open.</summary>
    public IEnumerable<T> Open<T>() where T : SimulatedFile => _open.OfType<T>();

    public int Add(SimulatedFile file)
    {
        file.Number = LowestFree;
        if (file.Number == _open.Count)
            _open.Add(null);

        _open[file.Number] = file;
        if (_closedInBatch is not null && _closedInBatch.Contains(file.Number))
            faults.Count(SimulatedFault.NumberGivenAgain);

        return file.Number;
    }

    public void Remove(SimulatedFile file)
    {
        _open[file.Number] = null;
        _closedInBatch?.Add(file.Number);
    }

    /// <summary>A wait has returned a batch of events; what is closed from now on is closed while they are handled.</summary>
    public void BeginBatch() => _closedInBatch = [];

    /// <summary>There is no selector any more.</summary>
    public void EndBatches() => _closedInBatch = null;

    /// <summary>The file that a call is made on.</summary>
    /// <exception cref="SimulationException">The number is not open, or stands for another socket by now; or the token had another owner.</exception>
    public T Find<T>(in Call call) where T : SimulatedFile
    {
        SocketHandle socket = call.Socket;
        SimulatedFile? file = (uint)socket.Number < (uint)_open.Count ? _open[socket.Number] : null;
        if (file is not T found)
            throw Wrong(in call, "which is not open");

        if (file.Token == Token.None && socket.Token != Token.None)
            Name(file, socket.Token);
        else if (socket.Token != file.Token && socket.Token != Token.None)
            throw Wrong(in call, $"which is {file} by now");

        return found;
    }

    private void Name(SimulatedFile file, Token token)
    {
        if (!_tokens.Add(token))
            throw new SimulationException($"number {file.Number} has the token {token.Slot}.{token.Generation}, as another socket before");

        file.Token = token;
    }

    private static SimulationException Wrong(in Call call, string why) =>
        new($"{call.Kind} on number {call.Socket.Number} ({call.Socket.Token.Slot}.{call.Socket.Token.Generation}), {why}");
}
