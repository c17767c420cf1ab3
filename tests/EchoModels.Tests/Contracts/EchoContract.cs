using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>What every model owes its clients' bytes.</summary>
public sealed class EchoContract
{
    private const int MiB = 1024 * 1024;

    public static TheoryData<string> Here => EveryModel.Here;

    [Theory]
    [MemberData(nameof(Here))]
    public void Echoes_bytes(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(5);
        peer.Exchange(1_000);
        peer.Exchange(100_000);
        peer.Leave();
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Echoes_a_byte_at_a_time(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        for (int i = 0; i < 500; i++)
            peer.Exchange(1);

        peer.Leave();
    });

    [Theory]
    [MemberData(nameof(Here))]
    public void Returns_64_MiB_in_one_stream(string model) => TestServer.Run(model, server =>
    {
        Peer peer = server.Connect();
        peer.Stream(64 * MiB);
        peer.Leave();
    });
}
