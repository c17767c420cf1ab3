namespace EchoModels.Connections;

/// <summary>Bytes received and bytes sent.</summary>
public readonly record struct ByteCount(long In, long Out)
{
    public static ByteCount operator +(ByteCount left, ByteCount right) => new(left.In + right.In, left.Out + right.Out);

    public static ByteCount operator -(ByteCount left, ByteCount right) => new(left.In - right.In, left.Out - right.Out);
}
