namespace EchoModels.Kernel;

/// <summary>Chooses the kernel for this operating system.</summary>
public static class SystemKernel
{
    /// <summary>On Linux by system call, elsewhere by the runtime.</summary>
    public static IKernel Open(ICallObserver observer) => OperatingSystem.IsLinux() ? new LinuxKernel(observer) : new RuntimeKernel(observer);
}
