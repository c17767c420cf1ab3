using System.Net.Sockets;
using System.Runtime.InteropServices;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Kernel;

/// <summary>The Socket objects that are borrowed for numbers, and those that are prepared while another model serves.</summary>
public sealed partial class SocketObjectsTests
{
    [Fact]
    public void A_prepared_object_is_used()
    {
        (Socket near, Socket far) = TestSockets.Pair();
        using (near)
        using (far)
        using (SocketObjects objects = new(areNonBlocking: true))
        {
            SocketHandle handle = new((int)near.Handle, new Token(1, 0));
            objects.Prepare(handle);
            objects.UsePrepared(socket => socket == handle);
            Socket prepared = objects[handle];
            Assert.Same(prepared, objects[handle]);

            far.Send([7]);
            byte[] received = new byte[2];
            Assert.True(prepared.Poll(Limit.Generous, SelectMode.SelectRead));
            Assert.Equal(1, prepared.Receive(received));
        }
    }

    [Fact]
    public void To_prepare_an_object_leaves_the_socket_as_it_is()
    {
        (Socket near, Socket far) = TestSockets.Pair();
        near.Blocking = true;
        using (near)
        using (far)
        using (SocketObjects objects = new(areNonBlocking: true))
        {
            LinuxKernel kernel = new(new CallCounters());
            SocketHandle handle = new((int)near.Handle, new Token(1, 0));
            kernel.SetBlocking(handle, true);
            objects.Prepare(handle);
            Assert.True(IsBlocking(near), "another model still serves it");

            objects.UsePrepared(_ => true);
            Assert.False(IsBlocking(near));
        }
    }

    /// <summary>The number of a socket that was closed is given to the next one, whose family an old object does not know.</summary>
    [Fact]
    public void A_prepared_object_of_a_socket_that_was_closed_is_not_used_for_the_next_one_of_that_number()
    {
        using SocketObjects objects = new();
        (Socket near, Socket far) = TestSockets.Pair();
        SocketHandle closed = new((int)near.Handle, new Token(1, 0));
        objects.Prepare(closed);

        // The number is another socket's at once: it is never free for the tests that run at the same time.
        using Socket datagram = TestSockets.Datagram();
        Assert.Equal(closed.Number, Duplicate((int)datagram.Handle, closed.Number));
        SocketHandle next = closed with { Token = new Token(1, 1) };
        objects.UsePrepared(socket => socket == next);

        Assert.Equal(SocketType.Dgram, objects[next].SocketType);
        near.Dispose();
        far.Dispose();
    }

    [Fact]
    public void A_number_that_is_closed_by_its_kernel_has_no_object_left()
    {
        using LinuxKernel kernel = new(new CallCounters());
        int number = kernel.OpenDatagramToItself();
        SocketHandle handle = new(number, Token.Waker);
        Socket first = kernel.Objects[handle];
        kernel.Close(handle);

        Assert.Throws<ObjectDisposedException>(() => first.Available);
    }

    private static bool IsBlocking(Socket socket)
    {
        const int O_NONBLOCK = 0x800;
        string flags = File.ReadLines($"/proc/self/fdinfo/{socket.Handle}").First(line => line.StartsWith("flags:", StringComparison.Ordinal));
        return (Convert.ToInt32(flags["flags:".Length..].Trim(), 8) & O_NONBLOCK) == 0;
    }

    /// <summary>Closes a number, and gives it to another descriptor's file. See dup(2).</summary>
    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Duplicate(int from, int to);
}
