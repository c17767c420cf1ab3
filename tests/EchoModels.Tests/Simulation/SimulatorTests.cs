using EchoModels.Connections;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Simulation;

/// <summary>The simulator itself: it repeats a run exactly, and a model that makes a mistake is found out.</summary>
public sealed class SimulatorTests
{
    private const int Runs = 60;

    /// <summary>One step of a connection.</summary>
    private delegate IoStatus Step(SocketSet sockets, Connection connection, byte[] buffer);

    [Theory]
    [InlineData("busy-poll")]
    [InlineData("epoll")]
    [InlineData("epoll-edge")]
    public void Repeats_a_run_call_by_call(string model)
    {
        int seed = Seeds.Take();
        Assert.Equal(DigestOf(model, seed), DigestOf(model, seed));
        Assert.NotEqual(DigestOf(model, seed), DigestOf(model, seed + 1));
    }

    [Fact]
    public void Finds_nothing_in_a_model_that_makes_no_mistake()
    {
        for (int seed = 1; seed <= Runs; seed++)
            Serve(seed, (_, connection, buffer) => connection.Echo(buffer));
    }

    [Fact]
    public void Finds_bytes_that_a_short_send_has_left() => AssertFound("bytes are unsent", (sockets, connection, buffer) =>
    {
        IoStatus status = connection.Receive(buffer, out ReadOnlySpan<byte> reply);
        if (!reply.IsEmpty)
            sockets.Kernel.Send(connection.Socket, reply, out _);

        return status;
    });

    [Fact]
    public void Finds_a_changed_byte() => AssertFound("wrong bytes", (_, connection, buffer) =>
    {
        if (connection.HasUnsent)
            return connection.SendUnsent();

        IoStatus status = connection.Receive(buffer, out ReadOnlySpan<byte> reply);
        buffer[0] ^= 1;
        return reply.IsEmpty ? status : connection.Send(reply);
    });

    [Fact]
    public void Finds_a_connection_that_is_closed_too_early() => AssertFound("its conversation is not over", (_, connection, buffer) =>
        connection.Echo(buffer) == IoStatus.WouldBlock ? IoStatus.Closed : IoStatus.Progress);

    [Fact]
    public void Finds_a_connection_that_is_closed_twice() => AssertFound("which is not open", (sockets, connection, buffer) =>
    {
        IoStatus status = connection.Echo(buffer);
        if (status == IoStatus.Closed)
            sockets.Kernel.Close(connection.Socket);

        return status;
    });

    [Fact]
    public void Finds_a_connection_that_is_not_served() => AssertFound("nothing moves", (_, connection, buffer) =>
        connection.BytesIn > 0 && !connection.HasUnsent ? IoStatus.WouldBlock : connection.Echo(buffer));

    [Fact]
    public void Finds_a_call_that_would_sleep() => AssertFound("would sleep", (sockets, connection, buffer) =>
    {
        sockets.Kernel.SetBlocking(connection.Socket, blocking: true);
        return connection.Echo(buffer);
    });

    [Fact]
    public void Finds_a_connection_that_is_not_given_back() => AssertFound("has not given back", (sockets, connection, buffer) =>
    {
        IoStatus status = connection.Echo(buffer);
        if (status == IoStatus.WouldBlock)
            sockets.Detach(connection);

        return status;
    });

    private static long DigestOf(string model, int seed)
    {
        using SimulatedRun run = new(seed);
        run.ServeInTurn(EveryModel.Find(model), [EveryModel.Find(model)]);
        return run.Digest;
    }

    private static void AssertFound(string message, Step step)
    {
        for (int seed = 1; seed <= Runs; seed++)
        {
            if (Record.Exception(() => Serve(seed, step)) is { } failure && failure.Message.Contains(message, StringComparison.Ordinal))
                return;
        }

        Assert.Fail($"no run has failed with '{message}'");
    }

    /// <summary>Lends the set several times to a model that asks every socket in turn, and takes this step with each connection.</summary>
    private static void Serve(int seed, Step step)
    {
        ModelRow model = FakeModel.Row("fake", (sockets, stop) => Serve(sockets, step, stop));
        using SimulatedRun run = new(seed);
        run.ServeInTurn(model, [model]);
    }

    private static void Serve(SocketSet sockets, Step step, CancellationToken stop)
    {
        byte[] buffer = new byte[Connection.BufferSize];
        sockets.SetBlocking(false);
        sockets.ReportStarted();
        while (!stop.IsCancellationRequested)
        {
            foreach (Listener listener in sockets.Listeners)
                sockets.TryAccept(listener, out _);

            foreach (Connection connection in sockets)
            {
                if (step(sockets, connection, buffer) == IoStatus.Closed)
                    sockets.Close(connection);
            }
        }
    }
}
