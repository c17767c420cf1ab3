namespace EchoModels.Kernel;

/// <summary>Chooses the version of the socket calls for this operating system.</summary>
public static class SocketIo
{
    public static ISocketIo ForThisSystem { get; } = OperatingSystem.IsLinux() ? new PosixSocketIo() : new ManagedSocketIo();
}
