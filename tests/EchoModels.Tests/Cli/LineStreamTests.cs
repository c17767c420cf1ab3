using System.Net.Sockets;
using System.Text;
using EchoModels.Cli.Control;
using Xunit;

namespace EchoModels.Tests.Cli;

/// <summary>Lines keep their bounds however the stream is cut, and within their limits.</summary>
public sealed class LineStreamTests
{
    private static readonly Deadline Generous = new(TimeSpan.FromSeconds(30));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void Reads_the_same_lines_however_they_are_cut(int piece)
    {
        string longLine = string.Concat(Enumerable.Repeat("你好 ", 3_000));
        using LineStream lines = new(new ScriptedSocket(piece, $"first\n\nsecond\r\n{longLine}\nno end"));

        Assert.Equal("first", lines.ReadLine(100_000, Generous));
        Assert.Equal("", lines.ReadLine(100_000, Generous));
        Assert.Equal("second", lines.ReadLine(100_000, Generous));
        Assert.Equal(longLine, lines.ReadLine(100_000, Generous));
        Assert.Null(lines.ReadLine(100_000, Generous));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5_000)]
    public void Refuses_a_line_longer_than_its_limit(int piece)
    {
        using LineStream exact = new(new ScriptedSocket(piece, new string('a', 1_023) + "\n"));
        Assert.Equal(1_023, exact.ReadLine(1_024, Generous)!.Length);

        using LineStream tooLong = new(new ScriptedSocket(piece, new string('a', 1_024) + "\n"));
        Assert.Null(tooLong.ReadLine(1_024, Generous));
    }

    [Fact]
    public void Writes_a_line_with_its_end()
    {
        ScriptedSocket socket = new(1, "");
        using LineStream lines = new(socket);

        Assert.True(lines.WriteLine("你好", Generous));
        Assert.Equal("你好\n", Encoding.UTF8.GetString([.. socket.Sent]));
    }

    /// <summary>A peer that sends a text in pieces of a length.</summary>
    private sealed class ScriptedSocket(int piece, string text) : LocalSocket
    {
        private readonly byte[] _bytes = Encoding.UTF8.GetBytes(text);
        private int _next;

        public List<byte> Sent { get; } = [];

        public override int Receive(Span<byte> buffer, Deadline deadline, out SocketError error)
        {
            error = SocketError.Success;
            Span<byte> bytes = _bytes.AsSpan(_next, Math.Min(Math.Min(piece, buffer.Length), _bytes.Length - _next));
            bytes.CopyTo(buffer);
            _next += bytes.Length;
            return bytes.Length;
        }

        public override SocketError Send(ReadOnlySpan<byte> bytes, Deadline deadline)
        {
            Sent.AddRange(bytes);
            return SocketError.Success;
        }

        public override void Bind(string path) => throw new NotSupportedException();

        public override void Listen(int backlog) => throw new NotSupportedException();

        public override LocalSocket? Accept() => throw new NotSupportedException();

        public override void StopAccepting() => throw new NotSupportedException();

        public override SocketError Connect(string path, Deadline deadline) => throw new NotSupportedException();

        public override void Dispose()
        {
        }
    }
}
