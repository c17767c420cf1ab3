using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.SystemCalls;

/// <summary>A server to which every epoll_create1 is refused, that of the runtime included: a sandbox without epoll.</summary>
internal sealed class RefusedServer : IDisposable
{
    private readonly RuntimeDirectory _directory = new();

    public RefusedServer(string error, params string[] arguments)
    {
        Server = Server.Begin(new Launch
        {
            Arguments = ["serve", "-p", "0", .. arguments],
            Wrapper = Strace.Command(
                Path.Combine(_directory.Path, "trace"), "-e", "trace=epoll_create1", "-e", $"inject=epoll_create1:error={error}"),
            Directory = _directory,
        });
    }

    public Server Server { get; }

    public void Dispose()
    {
        Server.Dispose();
        _directory.Dispose();
    }
}
