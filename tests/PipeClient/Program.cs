using System.IO.Pipes;

// What nc -U is for a Unix-domain socket, for the named pipe of a server on Windows: sends what comes on standard input,
// and writes what is received to standard output. Ends when the pipe ends, or when it cannot be written any more.
// Standard input may end before: a pipe has no half-close, so that is not passed on.
//
// PipeClient FILE: the file in which the server has written the pipe's name.
using NamedPipeClientStream pipe = new(".", File.ReadAllText(args[0]), PipeDirection.InOut, PipeOptions.Asynchronous);
pipe.Connect(30_000);
Console.Error.WriteLine("connected");
Stream input = Console.OpenStandardInput();
Stream output = Console.OpenStandardOutput();
Thread sender = new(() => Copy(input, pipe)) { IsBackground = true };
sender.Start();
Copy(pipe, output);

static void Copy(Stream from, Stream to)
{
    byte[] buffer = new byte[4096];
    try
    {
        int count;
        while ((count = from.Read(buffer)) > 0)
        {
            to.Write(buffer, 0, count);
            to.Flush();
        }
    }
    catch (IOException)
    {
        // The server has closed the pipe.
    }
}
