namespace EchoModels.SystemTests.Support;

/// <summary>Several clients, which are disposed of together.</summary>
internal sealed class ClientGroup(Server server, int count) : List<Client>(Client.Open(server, count)), IDisposable
{
    public void Dispose() => ForEach(client => client.Dispose());
}
