using System.Diagnostics;
using System.Text;
using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Windows;

/// <summary>A client of the control channel on Windows, which may also send what the server does not expect.</summary>
internal sealed class PipeClient : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    /// <summary>Connects to the pipe of a server.</summary>
    public PipeClient(WindowsBuild build, int port)
    {
        _process = build.StartPipeClient(port);
        _output = _process.StandardOutput.ReadToEndAsync();
        Assert.Equal("connected", _process.StandardError.ReadLine()?.TrimEnd('\r'));
        _error = _process.StandardError.ReadToEndAsync();
    }

    public void Send(string text) => Send(Encoding.UTF8.GetBytes(text));

    /// <summary>Sends bytes to a server that may close the pipe before it has received them all.</summary>
    public void Send(byte[] bytes)
    {
        try
        {
            _process.StandardInput.BaseStream.Write(bytes);
            _process.StandardInput.BaseStream.Flush();
        }
        catch (IOException)
        {
            // The server has closed the pipe.
        }
    }

    /// <summary>Reads the answer, which is one line and nothing after it.</summary>
    public JsonElement ReadAnswer()
    {
        string answer = ReadToEnd();
        Assert.EndsWith("\n", answer);
        Assert.DoesNotContain('\n', answer[..^1]);
        return JsonDocument.Parse(answer).RootElement;
    }

    /// <summary>Reads until the server closes the pipe.</summary>
    public string ReadToEnd()
    {
        Assert.True(_output.Wait(Limit.Generous), "the server does not close the pipe");
        return _output.Result;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();

        _process.WaitForExit(Limit.Generous);
        _process.Dispose();

        // Other processes of Wine may keep the pipes open: then these end with an exception, which nobody else looks at.
        Observe(_output);
        Observe(_error);
    }

    private static void Observe(Task task) => task.ContinueWith(ended => _ = ended.Exception, TaskScheduler.Default);
}
