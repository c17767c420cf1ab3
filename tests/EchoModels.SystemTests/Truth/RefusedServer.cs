using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Truth;

/// <summary>A server whose own epoll_create1 calls are all refused, while the runtime had the one that it makes for itself.</summary>
/// <remarks>
/// No Socket can be made in .NET without that one, and strace counts calls per thread, so that "from the second on" is not to
/// be had by counting. Instead the program is stopped at its listen call, when the runtime has what it needs and no model has
/// begun; from there on everything is refused.
/// </remarks>
internal sealed class RefusedServer : IDisposable
{
    private readonly RuntimeDirectory _directory = new();
    private readonly Strace _strace;

    public RefusedServer(string error, params string[] arguments)
    {
        string file = Path.Combine(_directory.Path, "first");
        Server = Server.Begin(new Launch
        {
            Arguments = ["serve", "-p", "0", .. arguments],
            Wrapper = ["strace", "-I1", "-D", "-o", file, "-e", "trace=listen", "-e", "inject=listen:signal=SIGSTOP:when=1"],
            Directory = _directory,
        });
        try
        {
            Timing.Eventually(() => File.Exists(file) && File.ReadAllText(file).Contains("SIGSTOP", StringComparison.Ordinal), "it is stopped");
            Native.Signal(int.Parse(Processor.Field(Server.Id, "TracerPid"), null), Native.SIGTERM);
            Timing.Eventually(() => Processor.Field(Server.Id, "TracerPid") == "0", "the first tracer has left");
            _strace = Strace.Attach(Server, "-e", "trace=epoll_create1", "-e", $"inject=epoll_create1:error={error}");
            Server.Signal(Native.SIGCONT);
        }
        catch
        {
            Server.Dispose();
            throw;
        }
    }

    public Server Server { get; }

    public void Dispose()
    {
        Server.Dispose();
        _strace.Dispose();
        _directory.Dispose();
    }
}
