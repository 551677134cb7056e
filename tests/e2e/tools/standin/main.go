// Command standin stands for a pod or a host: it listens on every port that is asked for, over TCP and UDP, and answers
// with its name, so that who asks knows that a packet arrived, and where.
//
//	standin pause
//	standin NAME PORT...             on all addresses
//	standin -bind ADDR,... NAME PORT...
//	standin -https PORT NAME PORT...  and HTTPS on a port of its own
//
// It ends at once on SIGTERM and SIGINT.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const patience = 2 * time.Second

func main() {
	bind := flag.String("bind", "", "addresses to listen on, with commas between them; all where empty")
	https := flag.String("https", "", "a port on which to answer HTTPS requests; none where empty")
	flag.Parse()
	name, ports := flag.Arg(0), flag.Args()
	if name == "" {
		fmt.Fprintln(os.Stderr, "usage: standin [-bind ADDR,...] NAME PORT...")
		os.Exit(2)
	}
	for _, address := range strings.Split(*bind, ",") {
		for _, port := range ports[1:] {
			if err := serve(net.JoinHostPort(address, port), []byte(answer(name, address))); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
	}
	if *https != "" {
		if err := serveHTTPS(*https, name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	fmt.Printf("%s listens on %d ports\n", name, len(ports)-1)
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	<-ended
}

// answer is the name of who answers: a host with several addresses is as many names.
func answer(name, address string) string {
	if address == "" {
		return name + "\n"
	}
	return address + "\n"
}

func serve(address string, reply []byte) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	socket, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	go accept(listener, reply)
	go echo(socket, reply)
	return nil
}

func accept(listener net.Listener, reply []byte) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			continue
		}
		go func() {
			defer connection.Close()
			_ = connection.SetDeadline(time.Now().Add(patience))
			_, _ = connection.Write(reply)
		}()
	}
}

func echo(socket net.PacketConn, reply []byte) {
	buffer := make([]byte, 64)
	for {
		_, from, err := socket.ReadFrom(buffer)
		if err == nil {
			_, _ = socket.WriteTo(reply, from)
		}
	}
}
