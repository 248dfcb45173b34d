package main

// A stand-in for scheduler + kubelet: one Node, binds every Pod to it, reports it Running and Ready.
// An image whose tag starts with "missing" stays in ImagePullBackOff; with "crash" in CrashLoopBackOff.

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

func fakeKubelet(ctx context.Context, kubeconfig string, delay time.Duration) error {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	cfg.QPS, cfg.Burst = 200, 400
	c := kubernetes.NewForConfigOrDie(cfg)
	const node = "kubebox-0"
	n, err := c.CoreV1().Nodes().Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node, Labels: map[string]string{"kubernetes.io/hostname": node, "kubernetes.io/os": "linux"}}}, metav1.CreateOptions{})
	if err == nil {
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "Kubebox", LastHeartbeatTime: metav1.Now(), LastTransitionTime: metav1.Now()}}
		n.Status.NodeInfo = corev1.NodeSystemInfo{KubeletVersion: "v0.0.0-kubebox", OperatingSystem: "linux", Architecture: "amd64"}
		_, err = c.CoreV1().Nodes().UpdateStatus(ctx, n, metav1.UpdateOptions{})
	}
	if err != nil && !strings.Contains(err.Error(), "already exists") {
		return err
	}
	ip := 0
	handle := func(o any) {
		p, ok := o.(*corev1.Pod)
		if !ok {
			return
		}
		pods := c.CoreV1().Pods(p.Namespace)
		switch {
		case p.DeletionTimestamp != nil:
			_ = pods.Delete(ctx, p.Name, *metav1.NewDeleteOptions(0))
		case p.Spec.NodeName == "":
			_ = pods.Bind(ctx, &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace}, Target: corev1.ObjectReference{Kind: "Node", Name: node}}, metav1.CreateOptions{})
		case p.Spec.NodeName == node && p.Status.PodIP == "":
			ip++ // the informer calls handlers one at a time
			go func(p *corev1.Pod, ip int) {
				time.Sleep(delay)
				now, ready := metav1.Now(), corev1.ConditionTrue
				p.Status.Phase, p.Status.StartTime, p.Status.HostIP = corev1.PodRunning, &now, "127.0.0.1"
				p.Status.PodIP = fmt.Sprintf("10.244.%d.%d", ip/250, ip%250+1)
				p.Status.PodIPs = []corev1.PodIP{{IP: p.Status.PodIP}}
				p.Status.ContainerStatuses = nil
				for _, k := range p.Spec.Containers {
					s := corev1.ContainerStatus{Name: k.Name, Image: k.Image, Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}}}
					tag := k.Image[strings.LastIndex(k.Image, ":")+1:]
					for prefix, reason := range map[string]string{"missing": "ImagePullBackOff", "crash": "CrashLoopBackOff"} {
						if strings.HasPrefix(tag, prefix) {
							s.Ready, ready = false, corev1.ConditionFalse
							s.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: "kubebox: " + k.Image}}
						}
					}
					p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, s)
				}
				for _, t := range []corev1.PodConditionType{corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady} {
					st := ready
					if t == corev1.PodInitialized {
						st = corev1.ConditionTrue
					}
					p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: t, Status: st, LastTransitionTime: now})
				}
				_, _ = pods.UpdateStatus(ctx, p, metav1.UpdateOptions{})
			}(p.DeepCopy(), ip)
		}
	}
	f := informers.NewSharedInformerFactory(c, 0)
	_, err = f.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: handle, UpdateFunc: func(_, o any) { handle(o) }})
	f.Start(ctx.Done())
	return err
}
