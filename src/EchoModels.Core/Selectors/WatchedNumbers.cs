using EchoModels.Kernel;

namespace EchoModels.Selectors;

/// <summary>The token of each watched number, for a kernel that reports numbers and not tokens.</summary>
internal sealed class WatchedNumbers
{
    private Token[] _tokens = [];

    /// <summary>The watched sockets, by number.</summary>
    public IEnumerable<SocketHandle> Sockets
    {
        get
        {
            for (int number = 0; number < _tokens.Length; number++)
            {
                if (_tokens[number] != Token.None)
                    yield return new SocketHandle(number, _tokens[number]);
            }
        }
    }

    /// <summary>The token of a number; <see cref="Token.None"/> if it is not watched.</summary>
    public Token this[int number] => (uint)number < (uint)_tokens.Length ? _tokens[number] : Token.None;

    public void Add(SocketHandle socket)
    {
        int before = _tokens.Length;
        if (socket.Number >= before)
        {
            Array.Resize(ref _tokens, Math.Max(socket.Number + 1, Math.Max(64, before * 2)));
            Array.Fill(_tokens, Token.None, before, _tokens.Length - before);
        }

        _tokens[socket.Number] = socket.Token;
    }

    public void Remove(SocketHandle socket) => _tokens[socket.Number] = Token.None;
}
